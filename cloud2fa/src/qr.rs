//! The picture of a key URI, for terminals and as SVG.

use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write;
use zeroize::Zeroizing;

/// Light modules on each side of a picture, the best first: ISO/IEC 18004 section 9.1 wants 4; decoders read 2.
pub const QUIET_ZONES: [usize; 3] = [4, 3, 2];

/// How a QR code is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Two modules a character with half blocks, black on white by explicit colours. Needs UTF-8.
    HalfBlocks,
    /// Two coloured blanks a module: ASCII and colours, black on white.
    ColouredBlanks,
    /// `##` for a dark module: nothing but ASCII, for paper and light terminals.
    Hashes,
}

/// The text is too long for a QR code.
#[derive(Debug, thiserror::Error)]
#[error("the key is too long for a QR code ({0})")]
pub struct TooLong(qrcode::types::QrError);

/// A QR code, not drawn yet.
pub struct Picture(QrCode);

impl Picture {
    /// Of `text`, at the lowest level of error correction: a screen has no dirt, and a
    /// smaller picture fits.
    pub fn of(text: &str) -> Result<Self, TooLong> {
        QrCode::with_error_correction_level(text, EcLevel::L).map(Self).map_err(TooLong)
    }

    /// Columns and rows that the drawing takes, with so many light modules on each side.
    pub fn size(&self, style: Style, quiet_zone: usize) -> (usize, usize) {
        let modules = self.0.width() + 2 * quiet_zone;
        match style {
            Style::HalfBlocks => (modules, modules.div_ceil(2)),
            Style::ColouredBlanks | Style::Hashes => (2 * modules, modules),
        }
    }

    /// The drawing, each line ended by a newline, with so many light modules on each side.
    pub fn draw(&self, style: Style, quiet_zone: usize) -> Zeroizing<String> {
        let modules = self.0.width() + 2 * quiet_zone;
        // A line of half blocks shows three bytes a column and some colours: growing would leave copies behind.
        let mut drawing = Zeroizing::new(String::with_capacity(modules * (8 * modules + 32)));
        let rows_a_line = if style == Style::HalfBlocks { 2 } else { 1 };
        let dark = |row: usize, column: usize| self.dark(row, column, quiet_zone);
        for row in (0..modules).step_by(rows_a_line) {
            let line = (0..modules).map(|column| match style {
                Style::HalfBlocks => match (dark(row, column), dark(row + 1, column)) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => " ",
                },
                Style::ColouredBlanks if dark(row, column) => "\x1b[40m  ",
                Style::ColouredBlanks => "\x1b[107m  ",
                Style::Hashes if dark(row, column) => "##",
                Style::Hashes => "  ",
            });
            let (before, after) = match style {
                // Black on bright white, whatever the terminal's own colours are.
                Style::HalfBlocks => ("\x1b[30;107m", "\x1b[0m"),
                Style::ColouredBlanks => ("", "\x1b[0m"),
                Style::Hashes => ("", ""),
            };
            writeln!(drawing, "{before}{}{after}", line.collect::<Zeroized>().0.as_str())
                .expect("a String takes all that is written");
        }
        drawing
    }

    /// The picture as an SVG document.
    pub fn svg(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.render::<svg::Color<'_>>().min_dimensions(300, 300).build())
    }

    /// Whether the module there is dark; the quiet zone and what lies beyond are light.
    fn dark(&self, row: usize, column: usize, quiet_zone: usize) -> bool {
        let inside = |at: usize| at.checked_sub(quiet_zone).filter(|at| *at < self.0.width());
        let (Some(y), Some(x)) = (inside(row), inside(column)) else { return false };
        self.0[(x, y)] == Color::Dark
    }
}

/// A line on its way into the drawing.
struct Zeroized(Zeroizing<String>);

impl<'a> FromIterator<&'a str> for Zeroized {
    fn from_iter<I: IntoIterator<Item = &'a str>>(parts: I) -> Self {
        Self(Zeroizing::new(parts.into_iter().collect()))
    }
}
