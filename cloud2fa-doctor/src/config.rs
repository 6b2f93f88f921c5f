//! What the configuration says, where it weakens something.

use crate::finding::{Finding, Id, Severity, shell};
use cloud2fa::Config;
use cloud2fa::config::{DEFAULT_PATH, Invalid, Reauthenticate};
use cloud2fa::throttle::Throttle;

/// Steps either side that a phone with automatic time never needs.
const WIDE_SKEW: u64 = 2;

/// Names that images give to all of their machines.
const OF_MANY_MACHINES: [&str; 6] =
    ["localhost", "localhost.localdomain", "raspberrypi", "debian", "ubuntu", "kali"];

/// Where a changed configuration stands until it is whole: root's alone, in memory, and short, since it is read.
const CHANGED: &str = "/run/new";

/// How to set a key that stands in no table, whatever the file says already, or if it is empty or missing: behind
/// a table's name the key would be that table's, and one that stands twice is refused.
pub fn set(key: &str, value: &str) -> String {
    written(&format!("{key} = {value}"), &format!("/^\\s*{key}\\s*=/d"))
}

/// Likewise of a list, which may go on over several lines.
pub fn set_list(key: &str, values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
    let line = format!("{key} = [{}]", values.join(", "));
    written(&line, &format!("/^\\s*{key}\\s*=/{{:a;/]/!{{$!{{N;ba}}}};d}}"))
}

/// Puts a line before all of the file, and takes out what sed finds in it.
fn written(line: &str, others: &str) -> String {
    let (line, others) = (shell(line), shell(others));
    [
        "",
        &format!("mkdir -p /etc/cloud2fa; touch {DEFAULT_PATH}"),
        &format!("echo {line} >{CHANGED}"),
        &format!("sed {others} {DEFAULT_PATH} >>{CHANGED}"),
        &format!("install -m 0644 {CHANGED} {DEFAULT_PATH}"),
    ]
    .join("\n    ")
}

/// The findings for a configuration that can be used.
pub fn check(config: &Config) -> Vec<Finding> {
    let Throttle { free_failures, first_wait, .. } = config.throttle;
    let usual = Throttle::default();
    let mistakes = config.mistakes().into_iter().map(mistake);
    let findings = [
        (config.reauthenticate == Reauthenticate::Password).then(password_is_enough),
        (config.skew > WIDE_SKEW).then(|| wide_skew(config.skew)),
        config
            .issuer_or_host_name()
            .ok()
            .filter(|name| OF_MANY_MACHINES.contains(&name.as_str()))
            .map(|name| usual_issuer(&name)),
        (free_failures > usual.free_failures || first_wait < usual.first_wait).then(weak_throttle),
    ];
    mistakes.chain(findings.into_iter().flatten()).collect()
}

fn mistake(mistake: &Invalid) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::BadConfig,
        mistake.to_string(),
        "Logins do not need this key and go on. What needs it refuses: without the issuer nobody can enrol.",
        "Put it right, and see whether it is:\n    cloud2fa doctor --config FILE",
    )
    .about_file(&mistake.path)
}

fn password_is_enough() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ReauthenticatePassword,
        "reauthenticate = \"password\": a user's password is enough to replace or turn off the second factor",
        "Who has stolen a password takes the second factor away with it: it protects nobody then whose service is on.",
        format!("Ask for both:{}", set("reauthenticate", "\"both\"")),
    )
}

fn wide_skew(skew: u64) -> Finding {
    let codes = 2 * skew + 1;
    Finding::new(
        Severity::Note,
        Id::WideSkew,
        format!("skew = {skew}: {codes} codes are right at any time"),
        "A guess hits more often, and a code that was looked at over a shoulder lives longer.",
        format!("If the phones have automatic time:{}", set("skew", "1")),
    )
}

fn usual_issuer(name: &str) -> Finding {
    Finding::new(
        Severity::Note,
        Id::UsualIssuer,
        format!("apps show the codes of this machine as {name}'s, which many machines are called"),
        "Whoever has accounts on several of them cannot tell the codes apart, and one may take another one's place.",
        format!("Before people enrol, give it a name of its own:{}", set("issuer", "\"NAME\"")),
    )
}

fn weak_throttle() -> Finding {
    Finding::new(
        Severity::Note,
        Id::WeakThrottle,
        "[throttle] lets wrong codes follow each other faster than by default",
        "Who has a password can try more codes in a day, and can have the user locked sooner.",
        "If that is not meant, take free_failures and first_wait out of cloud2fa.toml.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa::UserName;
    use std::process::Command;

    /// Does to a file what is said to be typed; gives what is in it then.
    fn after(typed: &str, content: Option<&str>) -> String {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let (file, changed) = (at("etc/cloud2fa.toml"), at("changed"));
        if let Some(content) = content {
            std::fs::create_dir(directory.path().join("etc")).unwrap();
            std::fs::write(&file, content).unwrap();
        }
        let script = typed.replace(DEFAULT_PATH, &file).replace(CHANGED, &changed);
        let script = script.replace("/etc/cloud2fa;", &format!("{};", at("etc")));
        assert!(Command::new("/bin/sh").args(["-ec", &script]).status().unwrap().success());
        std::fs::read_to_string(file).unwrap()
    }

    #[test]
    fn a_name_that_many_machines_have_is_none_for_the_app() {
        for (issuer, expected) in [("raspberrypi", 1), ("web1.example.com", 0)] {
            let config = Config { issuer: Ok(Some(issuer.to_owned())), ..Config::default() };
            assert_eq!(check(&config).len(), expected, "{issuer}");
        }
    }

    #[test]
    fn a_list_that_is_set_as_is_said_counts_whatever_stood_there() {
        let typed = set_list("verifiers", &["freerad".to_owned(), "postgres".to_owned()]);
        for content in [
            None,
            Some(""),
            Some("verifiers = [\"a\"]\nskew = 2\naccept = [\"exempt\"]\n"),
            Some("  verifiers = [\n  \"a\",\n  \"b\",\n]\nskew = 2\n[throttle]\nlock_after = 50\n"),
            Some("skew = 2\nverifiers=[\"a\"]"),
            Some(include_str!("../../conf/cloud2fa.toml")),
        ] {
            let text = after(&typed, content);
            let config = Config::parse(&text, DEFAULT_PATH.as_ref()).unwrap();
            let names = config.verifiers.unwrap();
            let names: Vec<_> = names.iter().map(UserName::as_str).collect();
            assert_eq!(names, ["freerad", "postgres"], "{text}");
            let was = Config::parse(content.unwrap_or_default(), DEFAULT_PATH.as_ref()).unwrap();
            assert_eq!((config.skew, config.accept), (was.skew, was.accept), "{text}");
            assert_eq!(after(&typed, Some(&text)), text);
        }
    }

    #[test]
    fn a_key_that_is_set_as_is_said_counts_once_and_in_no_table() {
        let typed = set("unenrolled", "\"refuse\"");
        for content in [
            None,
            Some(""),
            Some("unenrolled = \"allow\"\n[throttle]\nlock_after = 50\n"),
            Some("# unenrolled = \"allow\"\nskew = 2\nunenrolled= \"allow\"\n"),
            Some("unenrolled=\"allow\""),
            Some("\t unenrolled = \"allow\"\n"),
            Some(include_str!("../../conf/cloud2fa.toml")),
        ] {
            let text = after(&typed, content);
            let config = Config::parse(&text, DEFAULT_PATH.as_ref()).unwrap();
            assert_eq!(config.unenrolled, Some(cloud2fa::config::Unenrolled::Refuse), "{text}");
            assert_eq!(after(&typed, Some(&text)), text);
        }
    }
}
