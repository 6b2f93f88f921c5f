//! What `doctor` has found, as a person reads it: the worst first, 80 columns wide. What is to be
//! typed or copied stands on lines of its own, and is never broken.

use super::wrap::wrapped_between_words;
use crate::language::WORDS;
use cloud2fa_doctor::{Finding, Report, Severity};

const WIDTH: usize = 80;

/// The whole report.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for severity in Severity::ALL {
        let of_it = report.findings.iter().filter(|finding| finding.severity == severity);
        let paragraphs: String = of_it.map(paragraph).collect();
        if !paragraphs.is_empty() {
            text = text + heading(severity) + "\n" + &paragraphs + "\n";
        }
    }
    if report.is_healthy() {
        text = text + WORDS.examination.nothing_wrong + " ";
    }
    let lines = report.looked_at.iter().map(|it| format!("  {}\n", wrapped(it, 4)));
    text + WORDS.examination.looked_at + "\n" + &lines.collect::<String>()
}

fn paragraph(finding: &Finding) -> String {
    let words = &WORDS.examination;
    let what = wrapped(&format!("{} [{}]", finding.what, finding.id.word()), 2);
    let [why, fix] = [(words.why, &finding.why), (words.fix, &finding.fix)].map(|(label, text)| {
        let indent = 2 + label.chars().count() + 1;
        format!("  {label} {}\n", wrapped(text, indent))
    });
    format!("\n* {what}\n{why}{fix}")
}

fn heading(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => WORDS.examination.critical,
        Severity::Warning => WORDS.examination.warning,
        Severity::Note => WORDS.examination.note,
    }
}

/// `text` on lines that begin at column `indent`, the first of which is begun already. Lines that
/// begin with four blanks are left as they are.
fn wrapped(text: &str, indent: usize) -> String {
    let text: String = text.chars().map(harmless).collect();
    let margin = " ".repeat(indent);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        if paragraph.starts_with("    ") {
            lines.push(paragraph.to_owned());
        } else {
            lines.extend(wrapped_between_words(paragraph, WIDTH - indent));
        }
    }
    lines.join(&format!("\n{margin}"))
}

/// Names of files may have in them what makes a terminal do something, or show it otherwise.
fn harmless(character: char) -> String {
    match character {
        '\n' | '\'' | '"' | '\\' => character.to_string(),
        other => other.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa_doctor::Id;

    #[test]
    fn the_worst_comes_first_and_lines_are_80_columns_wide() {
        let why = "words ".repeat(40);
        let finding =
            |severity, id| Finding::new(severity, id, why.trim(), why.trim(), "Type:\n    a  b");
        let findings =
            vec![finding(Severity::Note, Id::WideSkew), finding(Severity::Critical, Id::BadConfig)];
        let text = text(&Report::new(vec!["x".to_owned()], findings));
        assert!(text.find("[bad_config]") < text.find("[wide_skew]"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("\n           a  b\n") && !text.contains("Nothing wrong"), "{text}");
    }

    #[test]
    fn what_a_file_s_name_would_do_to_a_terminal_is_shown_and_not_done() {
        let name = "/etc/pam.d/\u{1b}[2Jé\u{9b}\u{202e}\r'\"\\";
        let findings = vec![Finding::new(Severity::Note, Id::WideSkew, name, name, name)];
        let text = text(&Report::new(vec![name.to_owned()], findings));
        let shown = r#"/etc/pam.d/\u{1b}[2Jé\u{9b}\u{202e}\r'"\"#;
        assert_eq!(text.matches(shown).count(), 4, "{text:?}");
        assert!(text.chars().all(|it| it == '\n' || !it.is_control()), "{text:?}");
    }

    #[test]
    fn notes_are_nothing_wrong() {
        let findings = vec![Finding::new(Severity::Note, Id::WideSkew, "x", "x", "x")];
        let text = text(&Report::new(vec!["the store".to_owned()], findings));
        assert!(text.ends_with("Nothing wrong. This was looked at:\n  the store\n"), "{text}");
    }
}
