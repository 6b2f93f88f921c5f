//! The QR code as a scanner sees it: what the terminal shows is painted, and a real decoder reads it.
#![allow(missing_docs)]

use cloud2fa_tests::Fixture;
use cloud2fa_tests::command::{ended, of};
use cloud2fa_tests::machine::program;
use cloud2fa_tests::terminal::Terminal;
use std::path::Path;
use std::process::Command;

/// Pixels of a character cell, about as terminals have them.
const CELL: (usize, usize) = (8, 16);

/// A terminal's own colours, as grey levels.
#[derive(Clone, Copy)]
struct Theme {
    text: u8,
    background: u8,
}

const DARK: Theme = Theme { text: 230, background: 20 };
const LIGHT: Theme = Theme { text: 30, background: 250 };

/// Runs `enable` in such a terminal until it asks for the code; gives screen and URI.
fn shown(
    fixture: &Fixture,
    columns: u16,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (vt100::Parser, String) {
    let mut command = enable(fixture, arguments);
    command.envs(variables.iter().copied());
    let mut terminal = Terminal::start(&command, columns);
    terminal.expect("Code: ");
    (terminal.screen(), uri_in(&terminal.all()))
}

fn enable(fixture: &Fixture, arguments: &[&str]) -> Command {
    let mut command = of(fixture);
    command.args(["enable", "--user", "alice"]).args(arguments).env("TERM", "xterm-256color");
    command
}

fn uri_in(shown: &str) -> String {
    let uri = shown.split_whitespace().find(|word| word.starts_with("otpauth://"));
    uri.expect("the link is shown").to_owned()
}

/// Runs `enable` in a terminal of 80 columns and so many rows; gives all that it showed, and the screen.
fn shown_in_rows(fixture: &Fixture, rows: u16, arguments: &[&str]) -> (String, vt100::Parser) {
    fixture.set_config("issuer = \"server.example\"");
    let mut terminal = Terminal::start_of_size(&enable(fixture, arguments), 80, rows);
    terminal.expect("Code: ");
    (terminal.all(), terminal.screen())
}

/// Where `what` begins in `text`.
fn at(text: &str, what: &str) -> usize {
    text.find(what).unwrap_or_else(|| panic!("{what:?} is not in:\n{text}"))
}

fn grey(color: vt100::Color, default: u8) -> u8 {
    match color {
        vt100::Color::Default => default,
        vt100::Color::Idx(0) => 0,
        vt100::Color::Idx(15) => 255,
        other => panic!("the picture uses {other:?}"),
    }
}

/// Paints the screen into a PGM file, one grey byte a pixel.
fn paint(screen: &vt100::Screen, theme: Theme, file: &Path) {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let (width, height) = (usize::from(columns) * CELL.0, usize::from(rows) * CELL.1);
    let mut pixels = vec![theme.background; width * height];
    for row in 0..rows {
        for column in 0..columns {
            let cell = screen.cell(row, column).expect("on the screen");
            let (ink, paper) =
                (grey(cell.fgcolor(), theme.text), grey(cell.bgcolor(), theme.background));
            let (upper, lower) = match cell.contents() {
                "▀" => (ink, paper),
                "▄" => (paper, ink),
                "█" | "#" => (ink, ink),
                _ => (paper, paper),
            };
            for y in 0..CELL.1 {
                let shade = if y < CELL.1 / 2 { upper } else { lower };
                let start = (usize::from(row) * CELL.1 + y) * width + usize::from(column) * CELL.0;
                pixels[start..start + CELL.0].fill(shade);
            }
        }
    }
    let mut image = format!("P5\n{width} {height}\n255\n").into_bytes();
    image.extend(pixels);
    std::fs::write(file, image).expect("writable");
}

/// What a scanner reads from an image; empty where it finds no code.
fn scanned(image: &Path) -> String {
    let mut scanner = Command::new(program("zbarimg", "zbar-tools"));
    ended(scanner.args(["-q", "--raw"]).arg(image)).output.trim_end().to_owned()
}

/// Draws and scans in the dark and in the light.
fn reads_back(columns: u16, arguments: &[&str], variables: &[(&str, &str)], themes: &[Theme]) {
    let fixture = Fixture::new();
    fixture.set_config("issuer = \"server.example\"");
    let (screen, uri) = shown(&fixture, columns, arguments, variables);
    for (number, theme) in themes.iter().enumerate() {
        let image = fixture.path().join(format!("{number}.pgm"));
        paint(screen.screen(), *theme, &image);
        assert_eq!(
            scanned(&image),
            uri,
            "theme {number}, {columns} columns, {arguments:?}\n{}",
            screen.screen().contents()
        );
    }
}

#[test]
fn half_blocks_are_read_on_dark_and_light_terminals_of_80_columns() {
    reads_back(80, &[], &[], &[DARK, LIGHT]);
}

#[test]
fn half_blocks_are_read_on_dark_and_light_terminals_of_60_columns() {
    reads_back(60, &[], &[], &[DARK, LIGHT]);
}

#[test]
fn without_utf_8_coloured_blanks_are_read_on_dark_and_light_terminals() {
    reads_back(100, &[], &[("LC_ALL", "C")], &[DARK, LIGHT]);
}

#[test]
fn ascii_on_a_terminal_without_colours_is_read_on_paper() {
    reads_back(100, &["--qr", "ascii"], &[("TERM", "dumb")], &[LIGHT]);
}

#[test]
fn a_picture_that_does_not_fit_is_not_drawn_and_the_key_is_shown() {
    let fixture = Fixture::new();
    let (screen, uri) = shown(&fixture, 40, &[], &[]);
    let text = screen.screen().contents();
    assert!(text.contains("make it wider") && !text.contains('█'), "{text}");
    assert!(uri.contains("secret="));
}

#[test]
fn on_24_rows_the_whole_picture_stands_above_the_question() {
    let fixture = Fixture::new();
    let (all, screen) = shown_in_rows(&fixture, 24, &[]);
    let image = fixture.path().join("24.pgm");
    paint(screen.screen(), DARK, &image);
    let text = screen.screen().contents();
    assert_eq!(scanned(&image), uri_in(&all), "{text}");
    assert!(text.lines().last().unwrap().starts_with("Code: "), "{text}");
    assert!(at(&all, "otpauth://") < at(&all, "█") && at(&all, "█") < at(&all, "Code: "), "{all}");
}

#[test]
fn a_picture_that_would_scroll_away_is_not_drawn_and_the_key_stays() {
    let fixture = Fixture::new();
    let (all, screen) = shown_in_rows(&fixture, 23, &[]);
    let text = screen.screen().contents();
    assert!(
        text.contains("needs 24 rows, and this terminal has 23") && !all.contains('█'),
        "{all}"
    );
    assert!(text.contains("otpauth://") && text.contains("--qr ansi"), "{text}");
}

#[test]
fn a_picture_that_scrolls_away_and_is_asked_for_is_announced() {
    let fixture = Fixture::new();
    let (all, _) = shown_in_rows(&fixture, 23, &["--qr", "ansi"]);
    assert!(at(&all, "needs 24 rows, and this terminal has 23") < at(&all, "█"), "{all}");
    assert!(at(&all, "--qr none") < at(&all, "█"), "{all}");
}

#[test]
fn no_picture_is_drawn_where_none_is_wanted() {
    let fixture = Fixture::new();
    let (screen, _) = shown(&fixture, 80, &["--qr", "none"], &[]);
    let text = screen.screen().contents();
    assert!(!text.contains('█') && !text.contains("Scan"), "{text}");
}

#[test]
fn the_svg_file_is_its_owners_alone_and_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let file = fixture.path().join("key.svg");
    let command = enable(&fixture, &["--qr-file", file.to_str().unwrap()]);
    let mut terminal = Terminal::start(&command, 80);
    terminal.expect("Code: ");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let uri = uri_in(&terminal.all());
    let image = fixture.path().join("key.png");
    let mut rsvg = Command::new(program("rsvg-convert", "librsvg2-bin"));
    let converted = ended(rsvg.args(["--zoom", "2", "--output"]).arg(&image).arg(&file));
    assert_eq!(converted.status, 0, "{}", converted.errors);
    assert_eq!(scanned(&image), uri);
}

#[test]
fn an_svg_file_is_never_written_through_a_link_or_over_a_file() {
    let fixture = Fixture::new();
    let (link, target, existing) = (
        fixture.path().join("link.svg"),
        fixture.path().join("target"),
        fixture.path().join("existing"),
    );
    std::os::unix::fs::symlink(&target, &link).unwrap();
    std::fs::write(&existing, "mine").unwrap();
    for file in [&link, &existing] {
        let mut command = of(&fixture);
        command.args(["enable", "--json", "--user", "alice", "--qr-file", file.to_str().unwrap()]);
        let refused = ended(&mut command);
        assert_eq!((refused.last()["error"].as_str(), refused.status), (Some("unavailable"), 1));
    }
    assert!(!target.exists() && link.is_symlink());
    assert_eq!(std::fs::read(existing).unwrap(), b"mine");
}
