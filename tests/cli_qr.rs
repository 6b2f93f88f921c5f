//! The QR code as a scanner sees it: what the terminal shows is painted, and a real decoder reads it.
#![allow(missing_docs)]

use cloud2fa::TimeStep;
use cloud2fa_tests::Fixture;
use cloud2fa_tests::command::{ended, of};
use cloud2fa_tests::machine::program;
use cloud2fa_tests::terminal::Terminal;
use cloud2fa_tests::user::{now, wrong_code_of};
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

/// A terminal's columns and rows.
type Size = (u16, u16);
/// In which nothing scrolls away.
const HIGH: u16 = 120;

fn enable(fixture: &Fixture, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = of(fixture);
    command.args(["enable", "--user", "alice"]).args(arguments).env("TERM", "xterm-256color");
    command.envs(variables.iter().copied());
    command
}

/// Runs `enable` in such a terminal until it asks for the code.
fn shown(
    fixture: &Fixture,
    (columns, rows): Size,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Terminal {
    let command = enable(fixture, arguments, variables);
    let mut terminal = Terminal::start_of_size(&command, columns, rows);
    terminal.expect("Code: ");
    terminal
}

fn with_issuer(issuer: &str) -> Fixture {
    let fixture = Fixture::new();
    fixture.set_config(&format!("issuer = {issuer:?}"));
    fixture
}

/// What a scanner is to read.
fn uri(terminal: &Terminal, issuer: &str) -> String {
    cloud2fa::otpauth::uri(issuer, "alice", &terminal.shown_secret()).to_string()
}

/// Whether the key is on the screen, in groups of four.
fn has_key(screen: &str, terminal: &Terminal) -> bool {
    let key = terminal.shown_secret().to_base32();
    let mut groups = key.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap());
    groups.all(|group| screen.contains(group))
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

/// Scans the screen in the dark and in the light; the key and the question are on it, too.
fn is_read(terminal: &Terminal, issuer: &str, themes: &[Theme], fixture: &Fixture) {
    let screen = terminal.screen();
    let text = screen.screen().contents();
    for (number, theme) in themes.iter().enumerate() {
        let image = fixture.path().join(format!("{number}.pgm"));
        paint(screen.screen(), *theme, &image);
        assert_eq!(scanned(&image), uri(terminal, issuer), "theme {number}\n{text}");
    }
    assert!(has_key(&text, terminal) && text.contains("Two-factor login for alice"), "{text}");
    assert!(text.trim_end().lines().last().unwrap().starts_with("Code:"), "{text}");
}

/// Draws and scans.
fn reads_back(
    issuer: &str,
    size: Size,
    arguments: &[&str],
    variables: &[(&str, &str)],
    themes: &[Theme],
) {
    let fixture = with_issuer(issuer);
    let terminal = shown(&fixture, size, arguments, variables);
    is_read(&terminal, issuer, themes, &fixture);
}

#[test]
fn beside_the_text_the_picture_is_read_on_dark_and_light_terminals_of_80_by_24() {
    // 33, 37 and 41 modules.
    for issuer in ["web1", "server.example", "a-name-of-a-host.example.com"] {
        reads_back(issuer, (80, 24), &[], &[], &[DARK, LIGHT]);
    }
}

#[test]
fn above_the_text_it_is_read_on_dark_and_light_terminals() {
    for columns in [80, 60, 45] {
        reads_back("server.example", (columns, HIGH), &[], &[], &[DARK, LIGHT]);
    }
}

#[test]
fn without_utf_8_coloured_blanks_are_read_on_dark_and_light_terminals() {
    let without = [("LC_ALL", "C")];
    reads_back("server.example", (100, HIGH), &[], &without, &[DARK, LIGHT]);
    reads_back("server.example", (130, 46), &[], &without, &[DARK, LIGHT]);
    reads_back("web1", (80, 60), &[], &without, &[DARK, LIGHT]);
}

#[test]
fn ascii_on_a_terminal_without_colours_is_read_on_paper() {
    reads_back("web1", (100, HIGH), &["--qr", "ascii"], &[("TERM", "dumb")], &[LIGHT]);
    reads_back("web1", (100, HIGH), &["--qr", "ascii", "--plain"], &[], &[LIGHT]);
}

#[test]
fn a_wrong_code_takes_neither_picture_nor_key_off_the_screen() {
    let fixture = with_issuer("server.example");
    let mut terminal = shown(&fixture, (80, 24), &[], &[]);
    let secret = terminal.shown_secret();
    let early = TimeStep(TimeStep::of(now()).0 + 10);
    let wrong = [
        (String::new(), "That is not a code"),
        (wrong_code_of(&secret), "That code is not right. 2 tries"),
        (secret.token_at(early).as_str().to_owned(), "timedatectl"),
    ];
    for (typed, told) in wrong {
        terminal.type_in(&format!("{typed}\n"));
        terminal.expect(told);
        terminal.expect("Code: ");
        is_read(&terminal, "server.example", &[DARK], &fixture);
    }
    assert_eq!(terminal.shown_secret().to_base32(), secret.to_base32());
}

#[test]
fn a_terminal_that_is_too_small_shows_the_key_alone_and_the_size_that_would_do() {
    for (size, arguments) in [((40, 24), &[][..]), ((80, 20), &[]), ((80, 20), &["--qr", "ansi"])] {
        let fixture = with_issuer("server.example");
        let terminal = shown(&fixture, size, arguments, &[]);
        let text = terminal.screen().screen().contents();
        assert!(text.contains(&format!("{}x{}", size.0, size.1)) && !text.contains('█'), "{text}");
        assert!(text.contains("would do") && has_key(&text, &terminal), "{text}");
    }
}

#[test]
fn no_picture_is_drawn_where_none_is_wanted() {
    for arguments in [&["--qr", "none"][..], &["--plain"]] {
        let fixture = with_issuer("server.example");
        let terminal = shown(&fixture, (80, 24), arguments, &[]);
        let text = terminal.screen().screen().contents();
        assert!(!text.contains('█') && !text.contains("scan"), "{text}");
        assert!(has_key(&text, &terminal) && !text.contains("would do"), "{text}");
    }
}

#[test]
fn a_link_is_shown_whole_where_one_is_wanted() {
    let fixture = with_issuer("server.example");
    let terminal = shown(&fixture, (200, HIGH), &["--show-link"], &[]);
    let text = terminal.screen().screen().contents();
    assert!(text.contains(&uri(&terminal, "server.example")), "{text}");
}

#[test]
fn the_svg_file_is_its_owners_alone_and_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = with_issuer("server.example");
    let file = fixture.path().join("key.svg");
    let terminal = shown(&fixture, (80, 24), &["--qr-file", file.to_str().unwrap()], &[]);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let image = fixture.path().join("key.png");
    let mut rsvg = Command::new(program("rsvg-convert", "librsvg2-bin"));
    let converted = ended(rsvg.args(["--zoom", "2", "--output"]).arg(&image).arg(&file));
    assert_eq!(converted.status, 0, "{}", converted.errors);
    assert_eq!(scanned(&image), uri(&terminal, "server.example"));
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
