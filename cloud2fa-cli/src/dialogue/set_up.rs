//! What `setup` shows to a person.

use super::SetUp;
use crate::language::WORDS;
use crate::setup::{First, Plan, Service, added};

/// What is about to be changed.
pub fn plan(plan: &Plan) -> String {
    let words = &WORDS.setup;
    let service = plan.service.word();
    let mut lines = match &plan.first {
        First::Password => vec![(words.password_then_code)(service)],
        First::Key { enough_for, .. } if enough_for.is_empty() => {
            vec![(words.key_then_code)(service)]
        }
        First::Key { enough_for, .. } => {
            vec![(words.key_then_code)(service), (words.enough_for)(&enough_for.join(", "))]
        }
    };
    for edit in &plan.edits {
        lines.push(String::new());
        lines.push((words.file)(&edit.path.display(), edit.before.is_none()));
        lines.extend(added(edit).lines().map(|line| format!("    {line}")));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// How a service stands.
pub fn said(service: Service, said: &SetUp) -> String {
    let (words, service) = (&WORDS.setup, service.word());
    match said {
        SetUp::AsksAlready => (words.asks_already)(service),
        SetUp::AsksNot => (words.asks_not)(service),
        SetUp::NotThere => (words.is_not_there)(service),
        SetUp::ForGood => (words.asks_for_good)(service),
        SetUp::Made { within, by: Some(names) } => {
            (words.asks_now)(service, *within, &names.join(" / "))
        }
        SetUp::Made { within, by: None } => (words.asks_now_unproven)(service, *within),
        SetUp::Unconfirmed { seconds } => (words.is_unconfirmed)(service, *seconds),
        SetUp::WasTakenBack => (words.was_taken_back)(service),
        SetUp::Confirmed => (words.is_confirmed)(service),
        SetUp::Undone => (words.is_undone)(service),
        SetUp::UndoneAsFound => (words.is_undone_as_found)(service),
    }
}
