//! What `cloud2fa setup` has changed and nobody has confirmed, and what it has taken back.

use crate::finding::{Finding, Id, Severity, listed};
use crate::regular;
use serde_json::Value;
use std::path::Path;

/// Where setup writes down what it changes.
pub const JOURNAL: &str = "/etc/cloud2fa/setup.json";

/// The journal, which is null where it is damaged. `None` if there is none.
pub fn read() -> Option<Value> {
    Some(serde_json::from_slice(&regular::content(Path::new(JOURNAL))?).unwrap_or_default())
}

/// The findings.
pub fn check(journal: Option<&Value>) -> Vec<Finding> {
    let Some(journal) = journal else { return Vec::new() };
    if !journal.is_object() {
        return vec![is_damaged()];
    }
    let taken_back = words(&journal["taken_back"], |service| service.as_str());
    let unconfirmed = words(&journal["changes"], |change| {
        change["service"].as_str().filter(|_| !change["unconfirmed"].is_null())
    });
    let findings = [
        (!taken_back.is_empty()).then(|| was_taken_back(&taken_back)),
        (!unconfirmed.is_empty()).then(|| is_unconfirmed(&unconfirmed)),
    ];
    findings.into_iter().flatten().collect()
}

fn words<'j>(list: &'j Value, word: impl Fn(&'j Value) -> Option<&'j str>) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(word).map(str::to_owned).collect()
}

fn was_taken_back(services: &[String]) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::SetupTakenBack,
        format!("cloud2fa setup has taken back its change of {}", listed(services)),
        "Nobody had confirmed it in time, so that no code is asked for there, as before.",
        format!(
            "Look why nobody got in (the system's log says it), then once more:\n    cloud2fa setup {}",
            services.join(" ")
        ),
    )
    .about_services(services)
}

fn is_damaged() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::SetupUnreadable,
        format!("{JOURNAL}, which says what cloud2fa setup has changed, is damaged"),
        "Nothing of that is taken back by itself any more.",
        "Take it back, by its marks in the files, then set up once more what is to ask:\n    cloud2fa setup --undo",
    )
    .about_file(JOURNAL)
}

fn is_unconfirmed(services: &[String]) -> Finding {
    Finding::new(
        Severity::Note,
        Id::SetupUnconfirmed,
        format!("The change of {} by cloud2fa setup is not confirmed yet", listed(services)),
        "Unless an administrator logs in there with a code, it is taken back.",
        "Log in there, or in a new session:\n    cloud2fa setup --keep",
    )
    .about_services(services)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(journal: &Value) -> Vec<(Severity, &'static str)> {
        check(Some(journal)).into_iter().map(|it| (it.severity, it.id.word())).collect()
    }

    #[test]
    fn what_was_taken_back_is_a_finding_and_what_waits_is_a_note() {
        let change =
            |unconfirmed| json!({"service": "ssh", "files": [], "unconfirmed": unconfirmed});
        assert_eq!(found(&json!({"changes": [change(Value::Null)], "taken_back": []})), []);
        assert_eq!(
            found(&json!({"changes": [change(json!({"until": 1}))], "taken_back": ["sudo"]})),
            [(Severity::Warning, "setup_taken_back"), (Severity::Note, "setup_unconfirmed")]
        );
        let damaged = [(Severity::Warning, "setup_unreadable")];
        assert_eq!(found(&json!(7)), damaged);
        assert_eq!(found(&Value::Null), damaged);
        assert!(check(None).is_empty());
    }
}
