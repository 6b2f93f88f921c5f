//! Lines of a record that belong to a later version, and that an earlier one may leave alone.

/// The lines behind `[ignorable]`, the last table of a record: kept as they are, and written back.
/// What must not be ignored does not stand there, and needs a later format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignorable(String);

impl Ignorable {
    /// Bytes that the lines may have, their newlines included.
    pub const LONGEST: usize = 256;

    /// Takes whole lines, none of which begins another table. `None` if they are not such, or too many.
    pub fn from_lines(lines: &str) -> Option<Self> {
        let whole = lines.is_empty() || lines.ends_with('\n');
        let plain = |line: &str| !line.starts_with('[') && !line.chars().any(char::is_control);
        let legal = whole && lines.len() <= Self::LONGEST && lines.split('\n').all(plain);
        legal.then(|| Self(lines.to_owned()))
    }

    /// The lines.
    pub fn as_lines(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_plain_lines_that_fit_are_taken() {
        for good in ["", "\n", "a = 1\n", "a = \"\u{20ac}\"\nb = [1]\n"] {
            assert_eq!(Ignorable::from_lines(good).unwrap().as_lines(), good);
        }
        let long = "a".repeat(Ignorable::LONGEST) + "\n";
        for bad in ["a = 1", "[usage]\n", "a = 1\n[b]\n", "a = 1\r\n", "a = \0\n", &long] {
            assert_eq!(Ignorable::from_lines(bad), None, "{bad:?}");
        }
    }
}
