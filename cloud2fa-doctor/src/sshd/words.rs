//! Takes lines apart as sshd does, and patterns of file names as glob(3) does.

/// The words of a line: its keyword, which a blank or `=` ends, and its values. A comment ends it.
pub fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() && !rest.starts_with('#') {
        let is_keyword = words.is_empty();
        let (word, behind) = word(rest, |it| it.is_whitespace() || is_keyword && it == '=');
        words.push(word);
        rest = behind.trim_start();
        if is_keyword {
            rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
        }
    }
    words
}

/// The first word, without its quotes, and what stands behind it.
fn word(text: &str, ends: impl Fn(char) -> bool) -> (String, &str) {
    let (mut word, mut quote) = (String::new(), None);
    for (at, character) in text.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            None if ends(character) => return (word, &text[at..]),
            None if "\"'".contains(character) => quote = Some(character),
            _ => word.push(character),
        }
    }
    (word, "")
}

/// Whether a name in a directory fits a pattern.
pub fn fits(pattern: &str, name: &str) -> bool {
    // A leading dot must be written.
    let is_hidden = name.starts_with('.') && !pattern.starts_with('.');
    !is_hidden && matches(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
}

fn matches(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        (['*', rest @ ..], _) => {
            matches(rest, name) || !name.is_empty() && matches(pattern, &name[1..])
        }
        (['[', rest @ ..], [first, others @ ..]) => match class(rest, *first) {
            Some((is_in, rest)) => is_in && matches(rest, others),
            None => *first == '[' && matches(rest, others),
        },
        (['?', rest @ ..], [_, others @ ..]) => matches(rest, others),
        (['\\', literal, rest @ ..] | [literal, rest @ ..], [first, others @ ..]) => {
            literal == first && matches(rest, others)
        }
        _ => false,
    }
}

/// Whether a character is in the class that begins here, and the pattern behind the class. `None` if no
/// bracket closes it.
fn class(pattern: &[char], character: char) -> Option<(bool, &[char])> {
    let negated = matches!(pattern, ['!' | '^', ..]);
    let members = &pattern[usize::from(negated)..];
    // A bracket that comes first is a member.
    let end = members.iter().skip(1).position(|it| *it == ']')? + 1;
    let (mut of_class, rest) = (&members[..end], &members[end + 1..]);
    let mut is_in = false;
    while let [from, others @ ..] = of_class {
        (is_in, of_class) = match others {
            ['-', to, others @ ..] => (is_in || (*from..=*to).contains(&character), others),
            _ => (is_in || *from == character, others),
        };
    }
    Some((is_in != negated, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_sshd_does() {
        for (line, expected) in [
            ("  Match User anna", &["Match", "User", "anna"][..]),
            ("Match=User anna", &["Match", "User", "anna"]),
            ("UsePAM = no # not now", &["UsePAM", "no"]),
            ("Include \"/etc/with blank/*\" 'b'", &["Include", "/etc/with blank/*", "b"]),
            ("\"UsePAM\" no\r", &["UsePAM", "no"]),
            ("Subsystem x a=b", &["Subsystem", "x", "a=b"]),
            ("# UsePAM no", &[]),
            ("", &[]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn patterns_fit_the_names_that_glob_fits() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", false),
            (".*", ".conf", true),
            ("*.conf", "a.conf.bak", false),
            ("??-*", "50-cloud", true),
            ("[0-4]*", "50-cloud", false),
            ("[!0-4]*", "50-cloud", true),
            ("[]x]y", "]y", true),
            ("a[", "a[", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
