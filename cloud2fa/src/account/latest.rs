//! A list that has room for so many entries: the oldest goes for a new one.

/// At most `MOST` entries, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Latest<T, MOST> {
    /// A list as a record has it, oldest first. `None` if there are more than are kept.
    pub fn from_entries(entries: Vec<T>) -> Option<Self> {
        (entries.len() <= MOST).then_some(Self(entries))
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[T] {
        &self.0
    }

    /// Adds an entry. The oldest goes where there is no room.
    pub fn add(&mut self, entry: T) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(entry);
    }

    /// Keeps those of which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }
}

impl<T, const MOST: usize> Default for Latest<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_where_there_is_no_room() {
        let mut list = Latest::<u8, 3>::default();
        (1..=5).for_each(|entry| list.add(entry));
        assert_eq!(list.entries(), [3, 4, 5]);
        assert_eq!(Latest::<u8, 3>::from_entries(vec![1, 2, 3, 4]), None);
    }
}
