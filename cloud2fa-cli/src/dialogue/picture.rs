//! The QR code in the terminal: how it is drawn, and whether it fits.

use super::NewKey;
use super::out::{say, say_line};
use crate::arguments::QrStyle;
use crate::failure::Failure;
use crate::language::WORDS;
use cloud2fa::qr::Style;
use zeroize::Zeroizing;

/// Columns and rows of a terminal that does not say how many it has: one that may scroll.
const USUAL_SIZE: (usize, usize) = (80, usize::MAX);

/// The picture, where one is wanted and fits; says what does not.
pub fn fitting(key: &NewKey<'_>) -> Result<Option<Zeroizing<String>>, Failure> {
    let words = &WORDS.enrolment;
    let Some(style) = style(key.style) else { return Ok(None) };
    let (columns, rows) = terminal_size::terminal_size()
        .map_or(USUAL_SIZE, |(width, height)| (width.0.into(), height.0.into()));
    let needed = key.picture.columns(style);
    if needed > columns {
        say_line(&(words.too_wide)(needed, columns))?;
        if style != Style::HalfBlocks {
            say_line(words.half_is_enough)?;
        }
        say("\n")?;
        return Ok(None);
    }
    let picture = key.picture.draw(style);
    // The question stands below it.
    let needed = picture.lines().count() + 1;
    if needed <= rows {
        return Ok(Some(picture));
    }
    if key.style == QrStyle::Auto {
        let name = if style == Style::HalfBlocks { "ansi" } else { "ascii" };
        say(&format!("{}\n\n", (words.too_high)(needed, rows, name)))?;
        return Ok(None);
    }
    say(&format!("{}\n\n", (words.scrolls_away)(needed, rows)))?;
    Ok(Some(picture))
}

/// How to draw, as asked for and as the terminal can.
fn style(asked: QrStyle) -> Option<Style> {
    let dumb =
        std::env::var("TERM").map_or(true, |terminal| terminal.is_empty() || terminal == "dumb");
    let ascii = if dumb { Style::Hashes } else { Style::ColouredBlanks };
    match asked {
        QrStyle::None => None,
        QrStyle::Ansi => Some(Style::HalfBlocks),
        QrStyle::Auto if !dumb && is_utf_8() => Some(Style::HalfBlocks),
        QrStyle::Auto | QrStyle::Ascii => Some(ascii),
    }
}

/// Whether the locale's characters are UTF-8, by the variables that setlocale(3) reads.
fn is_utf_8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
