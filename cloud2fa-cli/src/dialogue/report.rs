//! What `doctor` has found, as a person reads it: the worst first, 80 columns wide. What is to be
//! typed or copied stands on lines of its own, and is never broken.

use super::Findings;
use super::wrap::wrapped_between_words;
use crate::language::WORDS;
use cloud2fa_doctor::{Finding, Report, Severity};

const WIDTH: usize = 80;

/// What is to be said of the report.
pub fn text(report: &Report, findings: &Findings<'_>, has_colours: bool) -> String {
    let words = &WORDS.examination;
    let meant = |finding: &&Finding| findings.has(finding);
    match findings {
        Findings::Counted => format!("{}\n", summary(report)),
        Findings::Listed => {
            let lines = report.findings.iter().map(|finding| line(finding, has_colours));
            let lines = lines.collect::<String>();
            let more = (!lines.is_empty()).then_some(words.explained_by);
            let next = report.nothing_asks.then_some(words.nothing_asks);
            let rest: Vec<_> =
                [more, next].into_iter().flatten().flat_map(|it| [it, "\n"]).collect();
            format!("{}\n{lines}{}", summary(report), rest.concat())
        }
        Findings::Explained(Some(_)) => {
            let paragraphs: String = report.findings.iter().filter(meant).map(paragraph).collect();
            let nothing = paragraphs.is_empty().then(|| format!("{}\n", words.not_found));
            nothing.unwrap_or_else(|| paragraphs.trim_start().to_owned())
        }
        Findings::Explained(None) => all(report),
    }
}

/// How many findings there are.
fn summary(report: &Report) -> String {
    let counts = Severity::ALL.map(|severity| report.count(severity));
    (WORDS.examination.summary)(counts, report.accepted().count())
}

/// One finding in a line, or as many as it takes.
fn line(finding: &Finding, has_colours: bool) -> String {
    let words = &WORDS.examination;
    let (label, colour) = match finding.severity {
        _ if finding.is_accepted => (words.is_accepted, ""),
        Severity::Critical => (words.is_critical, "\x1b[1;31m"),
        Severity::Warning => (words.is_warning, "\x1b[33m"),
        Severity::Note => (words.is_note, ""),
    };
    let (begin, end) =
        if has_colours && !colour.is_empty() { (colour, "\x1b[0m") } else { ("", "") };
    let text = format!("{}: {}", finding.id.word(), finding.what);
    let indent = label.chars().count() + 1;
    format!("{begin}{label}{end} {}\n", wrapped(&text, indent))
}

/// All findings with all that is known of them, and what was looked at.
fn all(report: &Report) -> String {
    let below = |heading: &str, paragraphs: String| {
        if paragraphs.is_empty() { paragraphs } else { format!("{heading}\n{paragraphs}\n") }
    };
    let mut text = String::new();
    for severity in Severity::ALL {
        let of_it = report.counting().filter(|finding| finding.severity == severity);
        text += &below(heading(severity), of_it.map(paragraph).collect());
    }
    text += &below(WORDS.examination.accepted, report.accepted().map(paragraph).collect());
    if report.is_healthy() {
        text = text + WORDS.examination.nothing_wrong + " ";
    }
    let lines = report.looked_at.iter().map(|it| format!("  {}\n", wrapped(it, 4)));
    text + WORDS.examination.looked_at + "\n" + &lines.collect::<String>()
}

fn paragraph(finding: &Finding) -> String {
    let words = &WORDS.examination;
    let accepted = if finding.is_accepted { words.marked_accepted } else { "" };
    let what = wrapped(&format!("{} [{}]{accepted}", finding.what, finding.id.word()), 2);
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
        let text = all(&Report::new(vec!["x".to_owned()], findings));
        assert!(text.find("[bad_config]") < text.find("[wide_skew]"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("\n           a  b\n") && !text.contains("Nothing wrong"), "{text}");
    }

    #[test]
    fn what_a_file_s_name_would_do_to_a_terminal_is_shown_and_not_done() {
        let name = "/etc/pam.d/\u{1b}[2Jé\u{9b}\u{202e}\r'\"\\";
        let findings = vec![Finding::new(Severity::Note, Id::WideSkew, name, name, name)];
        let text = all(&Report::new(vec![name.to_owned()], findings));
        let shown = r#"/etc/pam.d/\u{1b}[2Jé\u{9b}\u{202e}\r'"\"#;
        assert_eq!(text.matches(shown).count(), 4, "{text:?}");
        assert!(text.chars().all(|it| it == '\n' || !it.is_control()), "{text:?}");
    }

    #[test]
    fn notes_are_nothing_wrong() {
        let findings = vec![Finding::new(Severity::Note, Id::WideSkew, "x", "x", "x")];
        let text = all(&Report::new(vec!["the store".to_owned()], findings));
        assert!(text.ends_with("Nothing wrong. Checked:\n  the store\n"), "{text}");
    }

    #[test]
    fn a_finding_is_a_line_and_what_to_do_about_it_is_told_to_who_asks() {
        let finding = |severity, id| Finding::new(severity, id, "what is there", "why", "fix");
        let findings =
            vec![finding(Severity::Note, Id::WideSkew), finding(Severity::Critical, Id::BadConfig)];
        let report = Report::new(Vec::new(), findings);
        let listed = text(&report, &Findings::Listed, false);
        let expected = "1 critical, 1 note.\n\
                        CRITICAL bad_config: what is there\nnote     wide_skew: what is there\n";
        assert!(listed.starts_with(expected) && listed.lines().count() == 4, "{listed}");
        assert!(text(&report, &Findings::Listed, true).contains("\x1b[1;31mCRITICAL\x1b[0m"));
        assert_eq!(text(&report, &Findings::Counted, true), "1 critical, 1 note.\n");
        let one = text(&report, &Findings::Explained(Some("wide_skew")), false);
        assert!(one.contains("[wide_skew]") && !one.contains("bad_config"), "{one}");
        let none = text(&report, &Findings::Explained(Some("exempt")), false);
        assert_eq!(none, format!("{}\n", WORDS.examination.not_found));
    }

    #[test]
    fn what_is_accepted_comes_last_is_marked_and_does_not_count() {
        let finding = |severity, id| Finding::new(severity, id, "what is there", "why", "fix");
        let accepted =
            Finding { is_accepted: true, ..finding(Severity::Warning, Id::ClockUnsynchronised) };
        let alone = Report::new(Vec::new(), vec![accepted.clone()]);
        assert!(alone.is_healthy() && alone.worst().is_none());
        let line = "accepted clock_unsynchronised: what is there\n";
        let listed = text(&alone, &Findings::Listed, true);
        assert!(listed.starts_with(&format!("Nothing is wrong. 1 accepted.\n{line}")), "{listed}");
        let both = Report::new(Vec::new(), vec![accepted, finding(Severity::Note, Id::WideSkew)]);
        assert_eq!(summary(&both), "Nothing is wrong. 1 note, 1 accepted.");
        let listed = text(&both, &Findings::Listed, false);
        assert!(listed.contains(&format!("wide_skew: what is there\n{line}")), "{listed}");
        let explained = text(&both, &Findings::Explained(None), false);
        let (before, behind) = explained.split_once("ACCEPTED in cloud2fa.toml").unwrap();
        assert!(before.contains("[wide_skew]\n") && !before.contains("WARNING"), "{explained}");
        assert!(behind.contains("[clock_unsynchronised] (accepted)\n  Why: "), "{explained}");
    }

    #[test]
    fn a_machine_where_nothing_asks_is_told_what_to_do_next() {
        let fresh = Report { nothing_asks: true, ..Report::new(Vec::new(), Vec::new()) };
        let said = text(&fresh, &Findings::Listed, false);
        assert!(said.starts_with("Nothing is wrong.\n") && said.contains("setup ssh"), "{said}");
    }
}
