//! The page of a new key: what to do, the key, and the picture of it, so that none of them is off the screen
//! when the code is asked for. The picture stands above the text, where there is room, else beside it.

use super::NewKey;
use super::wrap::{rows_of, wrapped};
use crate::language::WORDS;
use cloud2fa::qr::{QUIET_ZONES, Style};
use zeroize::Zeroizing;

/// Columns and rows of a terminal that does not say how many it has: one that may scroll.
const USUAL_SIZE: (usize, usize) = (80, usize::MAX);
/// Columns of a text that people like to read, at most and at least.
const WIDEST: usize = 76;
const NARROWEST: usize = 30;
/// Columns between picture and text, and behind the text.
const BETWEEN: usize = 2;
const BEHIND: usize = 1;
/// Before what belongs to a step.
const INDENT: &str = "  ";
/// The row of the question, below the page.
const QUESTION: usize = 1;

/// What a terminal can show.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Columns and rows, where it says how many it has.
    pub size: Option<(usize, usize)>,
    /// How to draw, if at all.
    pub style: Option<Style>,
}

/// Where the text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Below {
        style: Style,
        quiet_zone: usize,
    },
    Beside {
        style: Style,
        quiet_zone: usize,
    },
    /// There is no picture.
    Alone,
}

/// The page, each line ended by a newline, and why a code is asked for again.
pub fn page(key: &NewKey<'_>, why: Option<&str>, terminal: Terminal) -> Zeroizing<String> {
    let (columns, _) = terminal.size.unwrap_or(USUAL_SIZE);
    match place(key, why, terminal) {
        Place::Below { style, quiet_zone } => {
            let picture = key.picture.draw(style, quiet_zone);
            Zeroizing::new([&picture, "\n", &joined(&text(key, why, true, columns))].concat())
        }
        Place::Beside { style, quiet_zone } => {
            let picture = key.picture.draw(style, quiet_zone);
            let (width, _) = key.picture.size(style, quiet_zone);
            beside(&picture, width, &text(key, why, true, columns - width - BETWEEN - BEHIND))
        }
        Place::Alone => {
            let mut lines = text(key, why, false, columns);
            if let Some(too_small) = too_small(key, terminal) {
                lines.push(Zeroizing::new(String::new()));
                add(&mut lines, wrapped(&too_small, columns.min(WIDEST), ""));
            }
            joined(&lines)
        }
    }
}

/// Whether the picture of a key would be shown.
pub fn has_room(key: &NewKey<'_>, terminal: Terminal) -> bool {
    terminal.style.is_none() || place(key, None, terminal) != Place::Alone
}

/// The size that a terminal would need, and the one that it has; `None` where no picture is wanted.
pub fn too_small(key: &NewKey<'_>, terminal: Terminal) -> Option<String> {
    let (style, (columns, rows)) = (terminal.style?, terminal.size?);
    let quiet_zone = *QUIET_ZONES.last()?;
    let (width, height) = key.picture.size(style, quiet_zone);
    let lines = text(key, None, true, NARROWEST).len();
    let needed = (width + BETWEEN + NARROWEST + BEHIND, height.max(lines) + QUESTION);
    let half = if style == Style::HalfBlocks { "" } else { WORDS.enrolment.half_is_enough };
    let words = (WORDS.enrolment.too_small)(needed, (columns, rows));
    Some(format!("{words} {half}").trim_end().to_owned())
}

/// Where the text can stand so that all of it and all of the picture are on the screen: with as light a frame
/// around the picture as there is room for.
fn place(key: &NewKey<'_>, why: Option<&str>, terminal: Terminal) -> Place {
    let (columns, rows) = terminal.size.unwrap_or(USUAL_SIZE);
    let Some(style) = terminal.style else { return Place::Alone };
    for quiet_zone in QUIET_ZONES {
        let (width, height) = key.picture.size(style, quiet_zone);
        // A link is longer than a row may be.
        let lines_in = |columns| -> usize {
            text(key, why, true, columns).iter().map(|line| rows_of(line, columns)).sum()
        };
        if width <= columns && height + 1 + lines_in(columns) + QUESTION <= rows {
            return Place::Below { style, quiet_zone };
        }
        let taken = width + BETWEEN + BEHIND;
        // A link that is broken is no link.
        let has_columns = !key.shows_link && columns >= taken + NARROWEST;
        if has_columns && height.max(lines_in(columns - taken)) + QUESTION <= rows {
            return Place::Beside { style, quiet_zone };
        }
    }
    Place::Alone
}

/// What to do, and the key.
fn text(
    key: &NewKey<'_>,
    why: Option<&str>,
    has_picture: bool,
    columns: usize,
) -> Vec<Zeroizing<String>> {
    let (words, width) = (&WORDS.enrolment, columns.min(WIDEST));
    let mut lines = Vec::new();
    add(&mut lines, wrapped(&(words.title)(key.user, key.issuer), width, ""));
    add(&mut lines, vec![String::new()]);
    add(&mut lines, wrapped(words.open_the_app, width, "1 "));
    let step = if has_picture { words.scan_or_type } else { words.type_the_key };
    add(&mut lines, wrapped(step, width, "2 "));
    add(&mut lines, vec![String::new()]);
    lines.extend(key_in_groups(key.secret, width));
    add(&mut lines, vec![String::new()]);
    if key.account != key.user {
        add(&mut lines, wrapped(&(words.is_called)(key.account), width, INDENT));
    }
    add(&mut lines, wrapped(words.type_the_code, width, "3 "));
    if key.shows_link {
        add(&mut lines, vec![String::new()]);
        lines.push(Zeroizing::new(key.uri.to_owned()));
    }
    add(&mut lines, vec![String::new()]);
    add(&mut lines, wrapped(why.unwrap_or(words.nothing_is_saved_yet), width, ""));
    lines
}

/// The key in groups of four, as many of them in a line as fit.
fn key_in_groups(secret: &str, width: usize) -> Vec<Zeroizing<String>> {
    let groups: Vec<_> = secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    let indented =
        |groups: &[_]| Zeroizing::new([INDENT, &Zeroizing::new(groups.join(" "))].concat());
    let fits = |count: &usize| INDENT.len() + 5 * count - 1 <= width;
    let in_a_line = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
    groups.chunks(in_a_line).map(indented).collect()
}

fn add(lines: &mut Vec<Zeroizing<String>>, more: Vec<String>) {
    lines.extend(more.into_iter().map(Zeroizing::new));
}

/// The lines of the picture, which is `width` columns wide, and behind them those of the text.
fn beside(picture: &str, width: usize, text: &[Zeroizing<String>]) -> Zeroizing<String> {
    let blank = " ".repeat(width);
    let (picture, nothing) = (picture.lines().collect::<Vec<_>>(), String::new());
    let lines = (0..picture.len().max(text.len())).map(|row| {
        let drawn = picture.get(row).copied().unwrap_or(&blank);
        let said = text.get(row).map_or(&nothing, |line| line);
        let between = if said.is_empty() { "" } else { "  " };
        Zeroizing::new([drawn, between, said].concat())
    });
    joined(&lines.collect::<Vec<_>>())
}

/// The lines, each ended by a newline, in one piece: growing would leave copies behind.
fn joined(lines: &[Zeroizing<String>]) -> Zeroizing<String> {
    let mut page = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines {
        page.push_str(line);
        page.push('\n');
    }
    Zeroizing::new(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::QrStyle;
    use cloud2fa::qr::Picture;
    use proptest::prelude::*;

    const SECRET: &str = "MDBAXXTIYCAGMEFEGDS64PWPWGFAF2R5";

    fn with<T>(uri: &str, user: &str, issuer: &str, check: impl FnOnce(&NewKey<'_>) -> T) -> T {
        let picture = Picture::of(uri).unwrap();
        let (secret, style) = (SECRET, QrStyle::Auto);
        let (account, shows_link) = (user, false);
        check(&NewKey { user, account, issuer, uri, secret, picture: &picture, style, shows_link })
    }

    /// Columns that a line takes, whose escape sequences take none.
    fn columns(line: &str) -> usize {
        let mut visible = String::new();
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once('\x1b') {
            visible += before;
            rest = behind.split_once('m').expect("a colour").1;
        }
        visible += rest;
        visible.chars().count()
    }

    #[test]
    fn at_80_by_24_the_text_stands_beside_the_picture() {
        // 100 bytes, as of a host with a long name: 37 modules.
        with(&"x".repeat(100), "anna", "server.example.com", |key| {
            let style = Some(Style::HalfBlocks);
            let page = page(key, None, Terminal { size: Some((80, 24)), style });
            let first = page.lines().next().unwrap();
            assert!(first.starts_with("\x1b[") && first.contains("Two-factor"), "{}", *page);
            assert!(page.contains("MDBA XXTI YCAG MEFE\n"), "{}", *page);
            assert_eq!(page.lines().count(), 23, "{}", *page);
        });
    }

    #[test]
    fn where_there_is_room_it_stands_below() {
        with(&"x".repeat(100), "anna", "server", |key| {
            let style = Some(Style::HalfBlocks);
            let page = page(key, None, Terminal { size: Some((80, 50)), style });
            assert!(!page.lines().next().unwrap().contains("Two-factor"), "{}", *page);
            let key = "\n  MDBA XXTI YCAG MEFE GDS6 4PWP WGFA F2R5\n";
            assert!(page.find('█').unwrap() < page.find(key).unwrap(), "{}", *page);
        });
    }

    #[test]
    fn a_terminal_that_is_too_small_is_told_the_size_that_would_do() {
        with(&"x".repeat(100), "anna", "server", |key| {
            let (small, style) = ((60, 20), Some(Style::HalfBlocks));
            let terminal = Terminal { size: Some(small), style };
            let page = page(key, None, terminal);
            assert!(!page.contains('█') && page.contains("60x20"), "{}", *page);
            assert!(!has_room(key, terminal));
            let needed = too_small(key, terminal).unwrap();
            let size = needed.split_whitespace().rev().find_map(|word| {
                let (columns, rows) =
                    word.trim_matches(|c: char| !c.is_ascii_digit()).split_once('x')?;
                Some((columns.parse().ok()?, rows.parse().ok()?))
            });
            assert!(has_room(key, Terminal { size, style }), "{needed}");
        });
    }

    proptest! {
        #[test]
        fn nothing_is_ever_off_the_screen(
            shows_link: bool,
            length in 60..220_usize,
            user in "[a-z]{1,40}",
            issuer in "[a-z. ]{1,80}",
            why in proptest::option::of("([a-z]{1,12} ){1,30}"),
            (columns_there, rows) in (20..200_usize, 24..80_usize),
            style in proptest::sample::select(vec![
                None, Some(Style::HalfBlocks), Some(Style::ColouredBlanks), Some(Style::Hashes),
            ]),
        ) {
            with(&"x".repeat(length), &user, &issuer, |key| {
                let key = &NewKey { shows_link, ..*key };
                let terminal = Terminal { size: Some((columns_there, rows)), style };
                let page = page(key, why.as_deref(), terminal);
                let is_link = |line: &&str| shows_link && line.starts_with("xxx");
                for line in page.lines().filter(|line| !is_link(line)) {
                    prop_assert!(columns(line) <= columns_there, "{:?}\n{}", line, *page);
                }
                let is_drawn = place(key, why.as_deref(), terminal) != Place::Alone;
                let link = if shows_link { length.div_ceil(columns_there) - 1 } else { 0 };
                prop_assert!(!is_drawn || page.lines().count() + link < rows, "{}", *page);
                for group in SECRET.as_bytes().chunks(4) {
                    prop_assert!(page.contains(std::str::from_utf8(group).unwrap()), "{}", *page);
                }
                Ok(())
            })?;
        }
    }
}
