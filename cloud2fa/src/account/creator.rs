//! Who made an enrolment, for people to read.

use std::fmt;

/// Who made an enrolment: a name of at most 200 bytes, so that a record always has room for it. A
/// `"` or `\` counts as two, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator(String);

impl Creator {
    /// What a name may take, as a record has it.
    const LONGEST: usize = 200;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Creator {
    /// Takes any text: a control character becomes `?`, what is too long is cut.
    fn from(text: &str) -> Self {
        let mut room = Self::LONGEST;
        let plain = |character: char| if character.is_control() { '?' } else { character };
        let fits = |character: &char| {
            let written = character.len_utf8() + usize::from(matches!(character, '"' | '\\'));
            let left = room.checked_sub(written);
            room = left.unwrap_or(0);
            left.is_some()
        };
        Self(text.chars().map(plain).take_while(fits).collect())
    }
}

impl fmt::Display for Creator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_a_name_that_fits() {
        assert_eq!(Creator::from("root").as_str(), "root");
        assert_eq!(Creator::from("a\nb\u{85}").as_str(), "a?b?");
        assert_eq!(Creator::from(&*"a".repeat(300)).as_str().len(), 200);
        assert_eq!(Creator::from(&*"\"".repeat(300)).as_str().len(), 100);
        assert_eq!(Creator::from(&*"\u{20ac}".repeat(300)).as_str().chars().count(), 66);
        let name = "a".repeat(199) + "\\b";
        assert_eq!(Creator::from(&*name).as_str(), "a".repeat(199));
    }
}
