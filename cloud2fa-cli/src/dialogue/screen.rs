//! The terminal's second screen, for keys and backup codes: what is shown there does not stay in its history.

use super::out::say;
use super::wrap::rows_of;
use crate::failure::Failure;
use crate::input::{Changed, Input};

/// Goes to the second screen and empties it (xterm's control sequences, which terminals have in common).
const ENTER: &str = "\x1b[?1049h\x1b[H\x1b[2J";
/// Empties it and goes back. A terminal without a second screen is at least emptied.
const LEAVE: &str = "\x1b[H\x1b[2J\x1b[?1049l";

const ESCAPE: char = '\x1b';

/// Columns and rows of the terminal, where it says how many it has.
pub fn size() -> Option<(usize, usize)> {
    terminal_size::terminal_size().map(|(width, height)| (width.0.into(), height.0.into()))
}

/// Whether the terminal knows control sequences.
pub fn is_dumb() -> bool {
    std::env::var("TERM").map_or(true, |terminal| terminal.is_empty() || terminal == "dumb")
}

/// Whether it is to be coloured (<https://no-color.org>).
pub fn has_colours() -> bool {
    !is_dumb() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Where pages are shown. Left when dropped.
pub struct Screen {
    /// `--plain`, or a terminal that knows no second screen: pages stand one below the other.
    is_plain: bool,
    /// As long as it is up, Ctrl-Z would leave a shell on it.
    up: Option<Changed>,
}

impl Screen {
    pub fn new(is_plain: bool) -> Self {
        Self { is_plain: is_plain || is_dumb(), up: None }
    }

    /// Whether a page is up, which the next one replaces.
    pub fn is_up(&self) -> bool {
        self.up.is_some()
    }

    /// Shows a page, below which there is one question: in place of the one before, where the terminal can do
    /// that and has room for all of it.
    pub fn show(&mut self, page: &str, input: &Input) -> Result<(), Failure> {
        let fits = size().is_some_and(|(columns, rows)| rows_of_page(page, columns) < rows);
        if self.is_plain || !fits {
            self.leave();
            return say(page);
        }
        if self.up.is_none() {
            self.up = Some(input.without_suspending()?);
        }
        say(ENTER)?;
        say(page)
    }

    /// Goes back to the first screen.
    pub fn leave(&mut self) {
        if self.up.take().is_some() {
            // A terminal that is gone shows nothing any more.
            let _ = say(LEAVE);
        }
    }
}

/// The rows of a page. A picture's lines have escape sequences, and are never broken; of the others a link may be.
fn rows_of_page(page: &str, columns: usize) -> usize {
    let rows = |line: &str| if line.contains(ESCAPE) { 1 } else { rows_of(line, columns) };
    page.lines().map(rows).sum()
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}
