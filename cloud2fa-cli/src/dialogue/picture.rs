//! How the QR code is drawn: as asked for, and as the terminal can.

use super::screen::is_dumb;
use crate::arguments::QrStyle;
use cloud2fa::qr::Style;

/// The style; `None` for no picture.
pub fn style(asked: QrStyle, is_plain: bool) -> Option<Style> {
    let ascii = if is_plain || is_dumb() { Style::Hashes } else { Style::ColouredBlanks };
    match asked {
        QrStyle::None => None,
        // To a screen reader it is noise.
        QrStyle::Auto if is_plain => None,
        QrStyle::Ansi => Some(Style::HalfBlocks),
        QrStyle::Auto if !is_dumb() && is_utf_8() => Some(Style::HalfBlocks),
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
