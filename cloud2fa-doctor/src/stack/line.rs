//! The lines of a PAM service file, as libpam reads them (pam.conf(5)).

use std::fmt;
use std::path::Path;
use std::rc::Rc;

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub file: Rc<Path>,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One line of a file, continued ones put together, comments left out, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Place,
    /// One that stood in brackets may have blanks in it.
    pub words: Vec<String>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub lines: Vec<Line>,
    /// The last line, if it goes on in one that is not there: libpam does without the whole file then.
    pub cut_off: Option<Place>,
}

/// What libpam takes for blanks; a file from another system or a web page may have others.
const BLANKS: [char; 2] = [' ', '\t'];

/// The lines of a file.
pub fn lines(file: &Rc<Path>, content: &[u8]) -> Text {
    let text = String::from_utf8_lossy(content);
    let place = |line| Place { file: file.clone(), line };
    let (mut lines, mut begun) = (Vec::new(), None::<(usize, String)>);
    for (index, raw) in text.split_terminator('\n').enumerate() {
        let (mut line, mut gathered) = begun.take().unwrap_or((index + 1, String::new()));
        if gathered.trim_matches(BLANKS).is_empty() {
            line = index + 1;
        }
        // A comment ends the line, whatever is its last character.
        let (body, comment) = raw.split_once('#').map_or((raw, false), |(body, _)| (body, true));
        let goes_on = body.trim_end_matches(BLANKS).strip_suffix('\\').filter(|_| !comment);
        if let Some(body) = goes_on {
            begun = Some((line, gathered + body + " "));
            continue;
        }
        gathered.push_str(body);
        lines.push(Line { at: place(line), words: words(&gathered) });
    }
    lines.retain(|line| !line.words.is_empty());
    Text { lines, cut_off: begun.map(|(line, _)| place(line)) }
}

/// The words of a line. Brackets hold one together; `\]` does not end it.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start_matches(BLANKS));
    while !rest.is_empty() {
        let (word, behind) = if let Some(inside) = rest.strip_prefix('[') {
            bracketed(inside)
        } else {
            let end = rest.find(BLANKS).unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        words.push(word);
        rest = behind.trim_start_matches(BLANKS);
    }
    words
}

fn bracketed(inside: &str) -> (String, &str) {
    let (mut text, mut escaped) = (String::new(), false);
    for (at, character) in inside.char_indices() {
        match character {
            ']' if escaped => {
                text.pop();
                text.push(']');
            }
            ']' => return (text, &inside[at + 1..]),
            other => text.push(other),
        }
        escaped = character == '\\';
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        let text = lines(&Rc::from(Path::new("/x")), text.as_bytes());
        text.lines.into_iter().map(|line| (line.at.line, line.words)).collect()
    }

    fn line(number: usize, words: &[&str]) -> (usize, Vec<String>) {
        (number, words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn comments_and_empty_lines_are_no_lines() {
        assert_eq!(
            read("# a\n\n  \t\nauth required x.so # y\n"),
            [line(4, &["auth", "required", "x.so"])]
        );
        assert_eq!(
            read("#auth required x.so \\\nauth optional y.so"),
            [line(2, &["auth", "optional", "y.so"])]
        );
    }

    #[test]
    fn a_line_may_go_on_in_the_next_one() {
        assert_eq!(
            read("\nauth \\\n  required\\\nx.so nullok\nnext"),
            [line(2, &["auth", "required", "x.so", "nullok"]), line(5, &["next"])]
        );
        assert_eq!(
            read("auth required \\ \t\nx.so"),
            [line(1, &["auth", "required", "x.so"])],
            "blanks behind the backslash do not count"
        );
    }

    #[test]
    fn a_file_whose_last_line_goes_on_is_cut_off() {
        let cut_off = |text: &str| {
            let text = lines(&Rc::from(Path::new("/x")), text.as_bytes());
            text.cut_off.map(|place| place.line)
        };
        assert_eq!(cut_off("a b\nauth \\\n required \\"), Some(2));
        assert_eq!(cut_off("auth required x.so \\\n"), Some(1));
        assert_eq!(cut_off("auth required x.so # \\"), None);
    }

    #[test]
    fn what_only_looks_like_a_blank_or_the_end_of_a_line_is_part_of_a_word() {
        assert_eq!(
            read("auth required \u{a0}x.so nullok\r\nauth \\\r\n"),
            [line(1, &["auth", "required", "\u{a0}x.so", "nullok\r"]), line(2, &["auth", "\\\r"])]
        );
    }

    #[test]
    fn brackets_hold_a_word_together() {
        assert_eq!(
            read("auth [success=1 default=ignore] x.so [prompt=Your \\] code: ] a=[b"),
            [line(
                1,
                &["auth", "success=1 default=ignore", "x.so", "prompt=Your ] code: ", "a=[b"]
            )]
        );
        assert_eq!(read("auth [success=1 x.so"), [line(1, &["auth", "success=1 x.so"])]);
    }
}
