//! What can be typed behind `cloud2fa`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Two-factor authentication for logins: enrol a user with an authenticator app, look how
/// users stand, make new backup codes, turn the second factor off.
#[derive(Debug, Parser)]
#[command(name = "cloud2fa", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,

    /// Talk JSON, one object a line, on standard input and output
    #[arg(long, global = true)]
    pub json: bool,

    /// Lines of text alone, without a picture or a second screen: for screen readers and logs
    #[arg(long, global = true, conflicts_with = "json")]
    pub plain: bool,

    /// Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Turn the second factor on: scan a QR code, prove one code, get 8 backup codes
    Enable(Enable),
    /// Show how a user stands
    Status(Target),
    /// Make 8 new backup codes; the old ones stop working, the app goes on
    Regenerate(Regenerate),
    /// Turn the second factor off
    Disable(Disable),
    /// Try a code without spending it; a wrong one counts as at a login
    Verify(Target),
    /// Make the store, once, on a new machine; make the index of one that is there complete
    Init(Init),
    /// Show how all users stand
    List,
    /// Let a user in again after too many wrong codes
    Unlock(Named),
    /// Make logins ask for a code; takes itself back unless an administrator then logs in with one
    Setup(Setup),
    /// Look what would go wrong on this machine, or in the candidate that --config names
    Doctor(Doctor),
}

impl Verb {
    /// Whether it changes nothing, and asks for nothing.
    pub fn only_shows(&self) -> bool {
        matches!(self, Self::Status(_) | Self::List | Self::Doctor(_))
    }
}

/// Whose second factor.
#[derive(Debug, Args)]
pub struct Target {
    /// Somebody else's than the caller's own; for root
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Username)]
    pub user: Option<String>,
}

/// What is to ask, and how sure that must be.
#[derive(Debug, Args)]
pub struct Setup {
    /// What is to ask; nothing: say what asks today
    #[arg(value_name = "SERVICE", value_enum)]
    pub services: Vec<Chosen>,

    /// Take out again what setup has put in
    #[arg(long, conflicts_with_all = ["keep", "dry_run"])]
    pub undo: bool,

    /// Let the change stay, from a session that began after it
    #[arg(long, conflicts_with = "dry_run")]
    pub keep: bool,

    /// How long to wait for a login that proves the change
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = seconds)]
    pub within: u64,

    /// Change it for good, without waiting for anybody: for images
    #[arg(long, conflicts_with_all = ["undo", "keep"])]
    pub now: bool,

    /// Show what would be changed, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Do not ask whether to go on
    #[arg(long)]
    pub yes: bool,

    /// Whose login proves the change [default: whoever calls sudo, else root]
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Username)]
    pub by: Option<String>,

    /// For whom an ssh key goes on to be enough, where a code is asked for behind the key
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_hint = ValueHint::Username)]
    pub by_key_alone: Vec<String>,

    /// Go on though some who log in by ssh with a key are not enrolled, and are shut out
    #[arg(long)]
    pub shut_out: bool,

    /// Go on where the change cannot be tried on a copy first
    #[arg(long)]
    pub untried: bool,

    /// The unit's: wait for the proof, or take back
    #[arg(long, hide = true)]
    pub watch: bool,

    /// The units': take back what is not confirmed
    #[arg(long, hide = true)]
    pub take_back_unconfirmed: bool,

    /// With it: of earlier boots alone
    #[arg(long, hide = true)]
    pub of_earlier_boots: bool,
}

/// What can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chosen {
    /// Logins by ssh
    Ssh,
    /// sudo: the code of whoever calls it
    Sudo,
    /// su: the code of the user whom one becomes
    Su,
    /// The text console
    Console,
    /// All of these
    All,
}

/// Seconds, as `20s`, `5m` or `1h`.
fn seconds(text: &str) -> Result<u64, String> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        _ => return Err("20s, 5m or 1h".to_owned()),
    };
    let number = text[..text.len() - 1].parse::<u64>().map_err(|error| error.to_string())?;
    number
        .checked_mul(unit)
        .filter(|seconds| (1..=86_400).contains(seconds))
        .ok_or_else(|| "1s to 24h".to_owned())
}

/// Which store.
#[derive(Debug, Args)]
pub struct Init {
    /// Make no store; bring the one that is there into this format: 2, which is this version's, or 1, for
    /// going back to a version that knows no other
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Without an index of uids
    #[value(name = "1")]
    One,
    /// With one
    #[value(name = "2")]
    Two,
}

/// What of the findings is to be said.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Explain this finding: why it matters, and what to do
    #[arg(value_name = "ID", value_parser = finding_ids(), hide_possible_values = true)]
    pub id: Option<String>,

    /// Explain all findings, and say what was looked at
    #[arg(long, conflicts_with = "id")]
    pub verbose: bool,

    /// For monitoring: one line, and exit status 0; 1 for warnings, 2 if one is critical, 3 if it could not look
    #[arg(long, conflicts_with_all = ["id", "verbose"])]
    pub monitor: bool,
}

fn finding_ids() -> PossibleValuesParser {
    PossibleValuesParser::new(cloud2fa_doctor::Id::ALL.iter().map(|id| id.word()))
}

/// Who must be named: one way or the other.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Named {
    /// The user's name
    #[arg(value_name = "NAME", value_hint = ValueHint::Username)]
    name: Option<String>,

    /// The user's name, as the other commands take it
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Username)]
    user: Option<String>,
}

impl Named {
    /// The name. clap has seen to it that there is one.
    pub fn name(&self) -> &str {
        self.name.as_deref().or(self.user.as_deref()).unwrap_or_default()
    }
}

/// Whose second factor, and how sure that is.
#[derive(Debug, Args)]
pub struct Disable {
    /// Whose second factor
    #[command(flatten)]
    pub target: Target,

    /// Do not ask, even where logins refuse whoever has no second factor
    #[arg(long)]
    pub yes: bool,
}

/// Whose backup codes, and where they go.
#[derive(Debug, Args)]
pub struct Regenerate {
    /// Whose second factor
    #[command(flatten)]
    pub target: Target,

    /// Where the codes go
    #[command(flatten)]
    pub codes: Codes,
}

/// Where backup codes go.
#[derive(Debug, Args)]
pub struct Codes {
    /// Write the backup codes into this new file; a terminal does not show them then
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub codes_file: Option<PathBuf>,
}

/// How to enrol.
#[derive(Debug, Args)]
pub struct Enable {
    /// Whose second factor
    #[command(flatten)]
    pub target: Target,

    /// Replace an enrolment that exists: the old app and the old backup codes stop working
    #[arg(long)]
    pub replace: bool,

    /// How to draw the QR code
    #[arg(long, value_enum, value_name = "STYLE", default_value_t = QrStyle::Auto)]
    pub qr: QrStyle,

    /// Write the QR code into this new file, too; it holds the secret
    #[arg(long, value_name = "FILE.svg", value_hint = ValueHint::FilePath)]
    pub qr_file: Option<PathBuf>,

    /// Show the key as a link, too
    #[arg(long)]
    pub show_link: bool,

    /// Where the codes go
    #[command(flatten)]
    pub codes: Codes,
}

/// `--qr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QrStyle {
    /// What the terminal can show
    Auto,
    /// Half blocks, black on white; needs UTF-8
    Ansi,
    /// ASCII alone
    Ascii,
    /// No picture
    None,
}
