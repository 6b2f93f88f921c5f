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

/// A word. One that stood in brackets may have blanks in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub in_brackets: bool,
}

/// One line of a file, continued ones put together, comments left out, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Place,
    pub words: Vec<Word>,
}

/// The lines of a file.
pub fn lines(file: &Rc<Path>, content: &[u8]) -> Vec<Line> {
    let text = String::from_utf8_lossy(content);
    let (mut lines, mut begun) = (Vec::new(), None::<(usize, String)>);
    for (index, raw) in text.split('\n').enumerate() {
        let (mut line, mut gathered) = begun.take().unwrap_or((index + 1, String::new()));
        if gathered.trim().is_empty() {
            line = index + 1;
        }
        // A comment ends the line, whatever is its last character.
        let (body, comment) = raw.split_once('#').map_or((raw, false), |(body, _)| (body, true));
        if let Some(body) = body.strip_suffix('\\').filter(|_| !comment) {
            begun = Some((line, gathered + body + " "));
            continue;
        }
        gathered.push_str(body);
        lines.push((line, gathered));
    }
    lines.extend(begun);
    let lines = lines
        .into_iter()
        .map(|(line, text)| Line { at: Place { file: file.clone(), line }, words: words(&text) });
    lines.filter(|line| !line.words.is_empty()).collect()
}

/// The words of a line. Brackets hold one together; `\]` does not end it.
fn words(text: &str) -> Vec<Word> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (word, behind) = if let Some(inside) = rest.strip_prefix('[') {
            bracketed(inside)
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (Word { text: rest[..end].to_owned(), in_brackets: false }, &rest[end..])
        };
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

fn bracketed(inside: &str) -> (Word, &str) {
    let (mut text, mut escaped) = (String::new(), false);
    for (at, character) in inside.char_indices() {
        match character {
            ']' if escaped => {
                text.pop();
                text.push(']');
            }
            ']' => return (Word { text, in_brackets: true }, &inside[at + 1..]),
            other => text.push(other),
        }
        escaped = character == '\\';
    }
    (Word { text, in_brackets: true }, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        let lines = lines(&Rc::from(Path::new("/x")), text.as_bytes());
        let words = |line: Line| line.words.into_iter().map(|word| word.text).collect();
        lines.into_iter().map(|line| (line.at.line, words(line))).collect()
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
