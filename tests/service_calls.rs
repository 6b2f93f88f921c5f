//! Any call of the service, and bytes that are none: it answers or hangs up, and without a
//! password nothing is changed.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::index;
use cloud2fa_tests::service::{self, Raw};
use cloud2fa_tests::user::{self, numbered};
use cloud2fa_tests::visitor::connect;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const STORE: &str = "/var/lib/cloud2fa";
/// Both are enrolled.
const USERS: [&str; 2] = ["u050", "u051"];

const METHODS: [&str; 14] = [
    "io.cloud2fa.GetStatus",
    "io.cloud2fa.Challenge",
    "io.cloud2fa.Verify",
    "io.cloud2fa.GetRequirements",
    "io.cloud2fa.Authenticate",
    "io.cloud2fa.BeginEnrolment",
    "io.cloud2fa.ConfirmEnrolment",
    "io.cloud2fa.RegenerateBackupCodes",
    "io.cloud2fa.Disable",
    "io.cloud2fa.",
    "io.cloud2fa",
    "org.varlink.service.GetInfo",
    "org.varlink.service.GetInterfaceDescription",
    "",
];

/// The service with two users enrolled, once for all tests here.
fn start() {
    static STARTED: std::sync::Once = std::sync::Once::new();
    service::start();
    STARTED.call_once(|| {
        for name in USERS {
            user::enrol(Path::new(STORE), user::of_this_machine(name), Secret::generate().unwrap());
        }
    });
}

/// All files of the store.
fn store() -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let files = index::files(STORE.as_ref()).into_iter();
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn nothing_panicked() -> bool {
    !std::fs::read_to_string(service::LOG).unwrap().contains("panic")
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{6}".prop_map(Value::from),
        "[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}".prop_map(Value::from),
        "[0-9a-f]{32}".prop_map(Value::from),
        "[a-z]{600,5000}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((".{0,3}", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A parameter, mostly one that the method may know.
fn parameter() -> impl Strategy<Value = (String, Value)> {
    let text = |key: &'static str, values: &'static [&'static str]| {
        select(values).prop_map(move |value| (key.to_owned(), json!(value)))
    };
    prop_oneof![
        6 => text("user", &USERS),
        1 => text("user", &["root", "nobody", "no such user", ""]),
        1 => text("purpose", &["login", "trial"]),
        1 => any::<bool>().prop_map(|replace| ("replace".to_owned(), json!(replace))),
        4 => (
            select(&["user", "code", "current_code", "generation", "password", "replace"][..]),
            any_value(),
        ).prop_map(|(key, value)| (key.to_owned(), value)),
        1 => (".{0,5}", any_value()),
    ]
}

/// A call as varlink has it, whatever is in it.
fn call() -> impl Strategy<Value = Value> {
    let parameters = prop_oneof![
        8 => proptest::collection::vec(parameter(), 0..5)
            .prop_map(|all| Value::Object(all.into_iter().collect::<Map<_, _>>())),
        1 => any_value(),
    ];
    let flag = || proptest::option::weighted(0.1, any::<bool>());
    (select(&METHODS[..]), parameters, flag(), flag()).prop_map(
        |(method, parameters, more, upgrade)| {
            let mut call = json!({"method": method, "parameters": parameters});
            for (key, flag) in [("more", more), ("upgrade", upgrade)] {
                if let Some(flag) = flag {
                    call[key] = json!(flag);
                }
            }
            call
        },
    )
}

/// Bytes that begin as calls; about users who are not enrolled, since they are root's, who may
/// do everything.
fn damaged_calls() -> impl Strategy<Value = Vec<u8>> {
    let message =
        call().prop_map(|call| [call.to_string().replace("u05", "u16").as_bytes(), b"\0"].concat());
    let typos = proptest::collection::vec((any::<Index>(), any::<u8>()), 0..4);
    let damaged =
        (proptest::collection::vec(message, 0..4), typos).prop_map(|(messages, typos)| {
            let mut bytes = messages.concat();
            for (at, byte) in typos {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes
        });
    prop_oneof![4 => damaged, 1 => proptest::collection::vec(any::<u8>(), 0..3000)]
}

/// Sends bytes of root's in pieces, and gives all answers.
fn answers(bytes: &[u8], cuts: &[Index]) -> Vec<Vec<u8>> {
    let mut raw = Raw::open();
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut sent = 0;
    for cut in cuts.into_iter().chain([bytes.len()]) {
        raw.send(&bytes[sent..cut]);
        sent = cut;
    }
    let mut answers: Vec<_> = raw.finish().split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    assert_eq!(answers.pop(), Some(Vec::new()), "an answer ends with a NUL");
    answers
}

fn is_an_answer(bytes: &[u8]) -> bool {
    let Ok(answer) = serde_json::from_slice::<Value>(bytes) else { return false };
    answer["error"].is_string() || answer.get("error").is_none() && answer.is_object()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, max_shrink_time: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn no_call_without_a_password_changes_anything(calls in proptest::collection::vec(call(), 1..8)) {
        start();
        let before = store();
        let mut connection = connect(numbered(50));
        for call in &calls {
            connection.send(format!("{call}\0").as_bytes());
            let answer = connection.receive();
            prop_assert!(is_an_answer(&answer), "{call}: {answer:?}");
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let handed_out = ["secret", "uri", "backup_codes", "old_copy_wiped"];
            prop_assert!(handed_out.iter().all(|key| answer["parameters"].get(key).is_none()), "{call}: {answer}");
        }
        prop_assert!(connection.finish().is_empty());
        prop_assert!(store() == before && nothing_panicked());
    }

    #[test]
    fn bytes_of_any_kind_are_answered_or_hung_up_on(bytes in damaged_calls(), cuts in proptest::collection::vec(any::<Index>(), 0..5)) {
        start();
        let before = Instant::now();
        let answers = answers(&bytes, &cuts);
        prop_assert!(answers.len() < bytes.split(|byte| *byte == 0).count());
        prop_assert!(answers.iter().all(|answer| is_an_answer(answer)));
        prop_assert!(before.elapsed() < Duration::from_secs(60) && nothing_panicked());
    }

    #[test]
    fn calls_are_answered_one_by_one_however_they_arrive(count in 1..6_usize, cuts in proptest::collection::vec(any::<Index>(), 0..8)) {
        start();
        let call = |number| format!("{{\"method\":\"io.cloud2fa.No{number}\"}}\0");
        let answers = answers((0..count).map(call).collect::<String>().as_bytes(), &cuts);
        prop_assert_eq!(answers.len(), count);
        for (number, answer) in answers.iter().enumerate() {
            let whose = format!("io.cloud2fa.No{number}\"");
            prop_assert!(String::from_utf8_lossy(answer).contains(&whose));
        }
    }
}

#[test]
fn a_call_that_wants_no_answer_gets_none() {
    start();
    let calls = "{\"method\":\"io.cloud2fa.GetStatus\",\"oneway\":true,\"parameters\":{\"user\":\"u050\"}}\0\
                 {\"method\":\"io.cloud2fa.Nothing\",\"oneway\":true}\0{\"method\":\"io.cloud2fa.Last\"}\0";
    let answers = answers(calls.as_bytes(), &[]);
    assert_eq!(answers.len(), 1);
    assert!(String::from_utf8_lossy(&answers[0]).contains("io.cloud2fa.Last"));
}
