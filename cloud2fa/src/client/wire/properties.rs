//! What holds of every answer, whatever its bytes are: it is read as what it says, or it is an
//! error. Doubt refuses.

use super::refusal::Asked;
use super::reply::IncomingReply;
use crate::answer::Factor;
use crate::client::ServiceError;
use crate::decide::Verdict;
use crate::store::Standing;
use crate::user::{User, UserName};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

const GENERATION: &str = "00112233445566778899aabbccddeeff";

/// What an answer was read as.
#[derive(Debug, Default)]
struct Read {
    standing: Option<Standing>,
    verdict: Option<Verdict>,
    anything: bool,
}

/// Reads an answer in every way there is.
fn read(bytes: &[u8]) -> Read {
    let user = User { name: UserName::new("alice").unwrap(), uid: 5001 };
    let asked = Asked { user: &user, factor: Factor::Token };
    if let Err(refusal) = IncomingReply::parse(bytes, &asked) {
        // It is told to somebody.
        assert!(!refusal.to_string().is_empty());
        return Read::default();
    }
    let reply =
        || IncomingReply::parse(bytes, &asked).unwrap_or_else(|refusal| panic!("{refusal}"));
    let (standing, verdict) = (reply().standing(), reply().verdict().ok());
    let others = [
        reply().requirements().is_ok(),
        reply().disabled().is_ok(),
        reply().new_key().is_ok(),
        reply().issued().is_ok(),
    ];
    let anything = standing.is_some() || verdict.is_some() || others.contains(&true);
    Read { standing, verdict, anything }
}

/// What a service said before it knew of a budget and of the last decisions: one that was started
/// before an upgrade of the package is asked by clients from behind it.
fn enrolled_before() -> Value {
    json!({"parameters": {"standing": {
        "state": "enrolled", "generation": GENERATION, "since": 1_700_000_000_u64, "last_used": null,
        "backup_codes_left": 8, "failures": 0, "wait_seconds": 0, "locked": false,
    }}})
}

fn enrolled() -> Value {
    let mut answer = enrolled_before();
    answer["parameters"]["standing"]["budget_used"] = json!(170);
    answer["parameters"]["standing"]["decisions"] = json!([
        {"time": 1_700_000_000_u64, "outcome": "accepted", "factor": "token",
         "service": "sshd", "address": "192.0.2.1", "times": 1},
        {"time": 1_700_000_001_u64, "outcome": "wrong", "factor": "backup_code",
         "service": "cloud2fa", "address": null, "times": 50},
    ]);
    answer
}

fn accepted() -> Value {
    let mut answer = accepted_before();
    answer["parameters"]["verdict"]["budget_used"] = json!(57);
    answer["parameters"]["verdict"]["opened"] = json!(true);
    answer
}

fn accepted_before() -> Value {
    json!({"parameters": {"verdict": {
        "verdict": "accepted", "backup_codes_left": 8, "failures_since_login": 0,
    }}})
}

/// Answers of the service, one of each kind.
fn good_answers() -> Vec<Value> {
    let verdict = |verdict: Value| json!({"parameters": {"verdict": verdict}});
    let wrong = json!({"verdict": "wrong", "failures": 2, "wait_seconds": 0, "locked": false});
    let error = |name: &str, parameters: Value| json!({"error": format!("io.cloud2fa.{name}"), "parameters": parameters});
    vec![
        enrolled(),
        enrolled_before(),
        accepted(),
        accepted_before(),
        json!({"parameters": {"standing": {"state": "never_enrolled", "generation": null}}}),
        json!({"parameters": {"standing": {"state": "disabled", "generation": GENERATION}}}),
        verdict(wrong.clone()),
        verdict(json!({"verdict": "replayed", "next_in": 12})),
        verdict(json!({"verdict": "clock_went_back", "behind_by": 3600})),
        verdict(json!({"verdict": "wait", "wait_seconds": 30})),
        verdict(json!({"verdict": "locked"})),
        verdict(json!({"verdict": "changed"})),
        json!({"parameters": {"password": true, "current_code": false}}),
        json!({"parameters": {"issuer": "host", "account": "anna", "uri": "otpauth://totp/x", "secret": "AAAA"}}),
        json!({"parameters": {"backup_codes": ["0000-0000-0000Z"], "old_copy_wiped": true}}),
        json!({"parameters": {"old_copy_wiped": true, "cleared":
            {"failures_since_login": 7, "budget_used": 7, "opened": true}}}),
        error("CurrentCodeRefused", json!({"verdict": wrong})),
        error("WrongCode", json!({"clock_off_seconds": -90})),
        error("Unavailable", json!({"message": "it does not work"})),
        error("NotEnrolled", json!({})),
    ]
}

/// What goes wrong with bytes.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    Repeat(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<Index>().prop_map(Damage::Remove),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

impl Damage {
    fn to(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Flip(at, bits) => bytes[at.index(length)] ^= bits,
            Self::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Self::Remove(at) => drop(bytes.remove(at.index(length))),
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(from..from, part);
            }
        }
    }
}

/// Any JSON, and numbers that are too large, negative or no integers.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn says(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind_are_no_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!read(&bytes).anything);
    }

    #[test]
    fn a_damaged_answer_is_read_as_what_its_bytes_say_or_not_at_all(
        which in any::<Index>(),
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let answers = good_answers();
        let good = which.get(&answers);
        let mut bytes = good.to_string().into_bytes();
        for damage in &damages {
            damage.to(&mut bytes);
        }
        let Read { standing, verdict, .. } = read(&bytes);
        if let Some(Verdict::Accepted { .. }) = verdict {
            let is_one = *good == accepted() || *good == accepted_before();
            prop_assert!(is_one && says(&bytes, "\"accepted\""));
        }
        match standing {
            Some(Standing::NeverEnrolled) => prop_assert!(says(&bytes, "\"never_enrolled\"")),
            Some(Standing::Disabled(_)) => prop_assert!(says(&bytes, "\"disabled\"")),
            Some(Standing::Enrolled(..)) => {
                prop_assert!(*good == enrolled() || *good == enrolled_before());
            }
            None => {}
        }
    }

    #[test]
    fn an_answer_that_ends_early_or_late_is_none(which in any::<Index>(), at in any::<Index>(), more in 1..=255_u8) {
        let answers = good_answers();
        let bytes = which.get(&answers).to_string().into_bytes();
        prop_assert!(!read(&bytes[..at.index(bytes.len())]).anything);
        let late = [&bytes[..], &[more]].concat();
        prop_assert!(more.is_ascii_whitespace() || !read(&late).anything);
        let with_a_nul = [&bytes[..at.index(bytes.len())], b"\0", &bytes[at.index(bytes.len())..]].concat();
        prop_assert!(!read(&with_a_nul).anything);
    }

    #[test]
    fn a_field_of_another_type_is_no_answer(which in any::<Index>(), value in any_value()) {
        let optional = ["last_used", "budget_used", "decisions", "opened"];
        for (good, whose) in [(enrolled(), "standing"), (accepted(), "verdict")] {
            let keys: Vec<_> = good["parameters"][whose].as_object().unwrap().keys().cloned().collect();
            let key = which.get(&keys);
            let mut other = good.clone();
            other["parameters"][whose][key] = value.clone();
            let Read { standing, verdict, .. } = read(other.to_string().as_bytes());
            let old = &good["parameters"][whose][key];
            let fits = value.as_u64().is_some() && (old.is_u64() || key == "last_used")
                || value.is_null() && optional.contains(&key.as_str())
                || value == json!([]) && key == "decisions"
                || value.is_boolean() && old.is_boolean();
            prop_assert!(fits || (standing.is_none() && verdict.is_none()), "{other}");
            // Where everything else is said, that is nothing.
            other["parameters"][whose].as_object_mut().unwrap().remove(key);
            let Read { standing, verdict, .. } = read(other.to_string().as_bytes());
            prop_assert!(optional.contains(&key.as_str()) || (standing.is_none() && verdict.is_none()), "{other}");
        }
    }

    #[test]
    fn any_json_is_read_without_a_panic(value in any_value(), error in any_value()) {
        read(value.to_string().as_bytes());
        read(json!({"parameters": value}).to_string().as_bytes());
        read(json!({"parameters": {"standing": value, "verdict": value}}).to_string().as_bytes());
        let refused = json!({"error": error, "parameters": accepted()["parameters"]});
        prop_assert!(error.is_null() || !read(refused.to_string().as_bytes()).anything);
    }
}

#[test]
fn what_the_service_says_is_read() {
    for answer in good_answers() {
        let is_refusal = answer.get("error").is_some();
        assert_eq!(read(answer.to_string().as_bytes()).anything, !is_refusal, "{answer}");
    }
}

#[test]
fn what_a_service_from_before_an_upgrade_does_not_say_is_nothing() {
    let before = read(enrolled_before().to_string().as_bytes());
    let Some(Standing::Enrolled(_, status)) = before.standing else { panic!("{before:?}") };
    assert_eq!((status.budget_used, status.history.entries().count()), (0, 0));
    let before = read(accepted_before().to_string().as_bytes());
    let expected = Verdict::Accepted {
        backup_codes_left: 8,
        failures_since_login: 0,
        budget_used: 0,
        opened: false,
    };
    assert_eq!(before.verdict, Some(expected));
    let now = read(enrolled().to_string().as_bytes());
    let Some(Standing::Enrolled(_, status)) = now.standing else { panic!("{now:?}") };
    assert_eq!((status.budget_used, status.history.entries().count()), (170, 2));
}

#[test]
fn a_service_that_does_not_say_whose_it_is_never_says_that_nobody_is_enrolled() {
    let user = User { name: UserName::new("alice2").unwrap(), uid: 5001 };
    let asked = Asked { user: &user, factor: Factor::Token };
    let found = |answer: &Value| {
        let reply = IncomingReply::parse(answer.to_string().as_bytes(), &asked);
        reply.unwrap_or_else(|refusal| panic!("{refusal}")).found(&user)
    };
    assert_eq!(found(&enrolled_before()).map(|found| found.whose), Ok(user.clone()), "their own");
    for standing in
        [json!({"state": "never_enrolled"}), json!({"state": "disabled", "generation": GENERATION})]
    {
        let mut answer = json!({"parameters": {"standing": standing}});
        assert_eq!(found(&answer), Err(ServiceError::Earlier), "{answer}");
        answer["parameters"]["whose"] = json!("alice2");
        assert!(found(&answer).is_ok_and(|found| found.standing.status().is_none()), "{answer}");
        for nonsense in [json!(null), json!(1), json!("")] {
            answer["parameters"]["whose"] = nonsense;
            assert_eq!(found(&answer), Err(ServiceError::Nonsense), "{answer}");
        }
    }
}

#[test]
fn more_decisions_than_are_kept_are_no_answer() {
    let mut answer = enrolled();
    let decisions = answer["parameters"]["standing"]["decisions"].as_array_mut().unwrap();
    let one = decisions[0].clone();
    decisions.extend(std::iter::repeat_n(one, 4));
    assert!(!read(answer.to_string().as_bytes()).anything);
}

#[test]
fn what_is_nested_deeply_is_no_answer() {
    for (open, close) in [("[", "]"), ("{\"parameters\":", "}")] {
        let bytes = open.repeat(30_000) + &close.repeat(30_000);
        assert!(!read(bytes.as_bytes()).anything);
        assert!(!read(&bytes.as_bytes()[..30_000]).anything);
    }
}
