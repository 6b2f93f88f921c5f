//! Lines of a width. What is to be typed or copied is never broken at a hyphen.

use textwrap::{Options, WordSeparator, WordSplitter};

/// `text` in lines of at most `width` columns; the first begins with `first`, the others with as many blanks.
/// A word that is wider is broken.
pub fn wrapped(text: &str, width: usize, first: &str) -> Vec<String> {
    let rest = " ".repeat(first.chars().count());
    let options = plain(width).initial_indent(first).subsequent_indent(&rest);
    textwrap::wrap(text, options).into_iter().map(String::from).collect()
}

/// The same without a beginning, and with words that are wider left as they are.
pub fn wrapped_between_words(text: &str, width: usize) -> Vec<String> {
    let options = plain(width).break_words(false);
    textwrap::wrap(text, options).into_iter().map(String::from).collect()
}

/// The rows that a line takes, which the terminal breaks where it is longer.
pub fn rows_of(line: &str, columns: usize) -> usize {
    line.chars().count().div_ceil(columns.max(1)).max(1)
}

fn plain<'a>(width: usize) -> Options<'a> {
    let options = Options::new(width).word_separator(WordSeparator::AsciiSpace);
    options.word_splitter(WordSplitter::NoHyphenation)
}
