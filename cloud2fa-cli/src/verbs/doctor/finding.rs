//! What is wrong with a machine, or worth to know: said so that it can be put right.

pub use super::id::Id;

/// How bad it is. The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody gets in without the second factor, or nobody does with it.
    Critical,
    /// It will go wrong for some, or some day.
    Warning,
    /// Good to know; nothing is wrong.
    Note,
}

impl Severity {
    /// All there are, in the order of a report.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Note];

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// For programs.
    pub id: Id,
    /// What is there, and where.
    pub what: String,
    /// What comes of it.
    pub why: String,
    /// What to type, or to write and where. Lines that begin with four blanks are to be copied.
    pub fix: String,
}

impl Finding {
    pub fn new(
        severity: Severity,
        id: Id,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { severity, id, what: what.into(), why: why.into(), fix: fix.into() }
    }
}

/// What an examination came to.
#[derive(Debug)]
pub struct Report {
    /// What was looked at.
    pub looked_at: Vec<String>,
    pub findings: Vec<Finding>,
}

impl Report {
    /// Brings the worst to the top. What was found first stays first among its like.
    pub fn new(looked_at: Vec<String>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.severity);
        Self { looked_at, findings }
    }

    /// Whether nothing is wrong. A note is no fault.
    pub fn is_healthy(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }
}

/// `a, b, c`, or the first ones and how many more.
pub fn bounded(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
