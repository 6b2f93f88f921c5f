//! Programs that do not answer as they should, and callers that do not call as they should.
#![allow(missing_docs)]

use cloud2fa_tests::libpam::{Application, in_order};
use cloud2fa_tests::loaded_module::{EntryPoint, LoadedModule};
use cloud2fa_tests::{Code, Fixture, Reply, Style};
use std::ffi::CString;
use std::ptr;

const PROMPT: &str = "Verification code: ";

#[test]
fn a_conversation_that_fails_refuses_with_its_own_code_after_one_prompt() {
    let (fixture, alice) = Fixture::with("alice");
    let before = fixture.record(&alice);
    for (reply, code) in [
        (Reply::NoAnswer, Code::CONV_ERR),
        (Reply::NoArray, Code::CONV_ERR),
        (Reply::Fails(Code::CONV_ERR), Code::CONV_ERR),
        (Reply::Fails(Code::CONV_AGAIN), Code::INCOMPLETE),
        (Reply::Fails(Code::BUF_ERR), Code::BUF_ERR),
        (Reply::Fails(Code::ABORT), Code::ABORT),
        (Reply::Fails(Code::AUTH_ERR), Code::AUTH_ERR),
        // Success without an array of answers, by a program that did not touch the place for it.
        (Reply::Fails(Code::SUCCESS), Code::CONV_ERR),
        // Would read as "no objection".
        (Reply::Fails(Code::IGNORE), Code::CONV_ERR),
    ] {
        let outcome = fixture.login_with("alice", vec![reply.clone()], 0);
        assert_eq!((outcome.code, outcome.asked()), (code, vec![PROMPT]), "{reply:?}");
        assert!(outcome.texts().is_empty());
        let (severity, line) = fixture.last_log_line();
        assert_eq!(severity, "notice");
        assert!(line.contains(" reason=conversation_failed factor=none "), "{line}");
    }
    assert_eq!(fixture.record(&alice), before, "nothing was written");
}

#[test]
fn a_code_that_libpam_does_not_know_refuses() {
    let (fixture, _) = Fixture::with("alice");
    for strange in [-1, 32, 255, i32::MAX, i32::MIN] {
        let outcome = fixture.login_with("alice", vec![Reply::Fails(Code(strange))], 0);
        assert_ne!(outcome.code, Code::SUCCESS, "{strange}");
        assert_ne!(outcome.code, Code::IGNORE, "{strange}");
        assert_eq!(outcome.asked().len(), 1);
    }
}

#[test]
fn a_program_without_a_conversation_is_refused() {
    let (fixture, alice) = Fixture::with("alice");
    let mut application = fixture.application("alice", vec![Reply::from(&alice.code())]);
    application.drop_conversation();
    assert_eq!(application.authenticate(0), Code::CONV_ERR);
}

#[test]
fn a_program_that_answers_later_is_asked_again() {
    let (fixture, alice) = Fixture::with("alice");
    let replies = vec![Reply::Fails(Code::CONV_AGAIN), Reply::from(&alice.code())];
    let mut application = fixture.application("alice", replies);
    assert_eq!(application.authenticate(0), Code::INCOMPLETE);
    assert_eq!(application.authenticate(0), Code::SUCCESS);
    assert_eq!(application.messages().len(), 2);
}

#[test]
fn that_nobody_takes_a_text_changes_nothing() {
    let (fixture, alice) = Fixture::with("alice");
    for (answer, code) in [
        (alice.backup_codes[0].clone(), Code::SUCCESS),
        (alice.backup_codes[0].clone(), Code::AUTH_ERR),
        (alice.code(), Code::SUCCESS),
    ] {
        let mut application = fixture.application("alice", vec![Reply::from(&answer)]);
        application.refuse_texts();
        assert_eq!(application.authenticate(0), code);
    }
    assert_eq!(fixture.status(&alice).backup_codes_left, 7);
}

#[test]
fn answers_of_any_length_and_bytes_are_refused_after_one_prompt() {
    let (fixture, alice) = Fixture::with("alice");
    let before = fixture.record(&alice);
    let code = alice.code();
    let all_bytes: Vec<u8> = (1..=255).collect();
    let answers: [Vec<u8>; 8] = [
        b"1".repeat(10_240),
        code.repeat(2000).into_bytes(),
        "１２３４５６".into(),
        "१२३४५६".into(),
        all_bytes,
        vec![0xff; 6],
        [&b" ".repeat(506)[..], code.as_bytes()].concat(),
        [&b"\xe2\x80\x89"[..], code.as_bytes()].concat(),
    ];
    for answer in answers {
        let outcome = fixture.login_with("alice", vec![Reply::Answer(answer.clone())], 0);
        assert_eq!(
            (outcome.code, outcome.asked()),
            (Code::AUTH_ERR, vec![PROMPT]),
            "{} bytes",
            answer.len()
        );
    }
    assert_eq!(fixture.record(&alice), before, "nothing was written");
    let longest = format!("{}{}", " ".repeat(505), alice.code());
    assert_eq!(fixture.login("alice", &[&longest]).code, Code::SUCCESS, "511 bytes");
}

#[test]
fn a_program_that_names_no_user_is_asked_for_one() {
    let (fixture, alice) = Fixture::with("alice");
    let start = |replies| {
        Application::start(&fixture.services(), &fixture.service, None, in_order(replies))
    };
    let mut application = start(vec![Reply::from("alice"), Reply::from(&alice.code())]);
    assert_eq!(application.authenticate(0), Code::SUCCESS);
    let styles: Vec<_> = application.messages().iter().map(|message| message.style).collect();
    assert_eq!(styles, [Style::AskShown, Style::AskHidden]);
    let mut application = start(vec![Reply::Fails(Code::CONV_ERR)]);
    assert_eq!(application.authenticate(0), Code::CONV_ERR);
    assert!(fixture.last_log_line().1.starts_with("refused user=\"\" reason=no_user "));
}

#[test]
fn a_program_that_changes_the_user_while_it_is_asked_is_refused() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.enrol("bob");
    let code = alice.code();
    let setter = std::rc::Rc::new(std::cell::OnceCell::<cloud2fa_tests::libpam::UserSetter>::new());
    let in_prompt = setter.clone();
    let mut application = Application::start(
        &fixture.services(),
        &fixture.service,
        Some("bob"),
        Box::new(move |_| {
            in_prompt.get().expect("given below").set("alice");
            Reply::from(&code)
        }),
    );
    assert!(setter.set(application.user_setter()).is_ok());
    assert_eq!(application.authenticate(0), Code::AUTH_ERR);
    assert!(fixture.last_log_line().1.contains(" reason=user_changed "));
    assert_eq!(
        fixture.login("alice", &[&alice.code()]).code,
        Code::SUCCESS,
        "the code was not spent"
    );
}

#[test]
fn the_module_does_not_set_the_user() {
    let (fixture, alice) = Fixture::with("alice");
    let mut application = fixture.application("alice", vec![Reply::from(&alice.code())]);
    assert_eq!(application.authenticate(0), Code::SUCCESS);
    assert_eq!(application.user(), "alice");
}

#[test]
fn calls_that_are_no_calls_abort() {
    let (fixture, alice) = Fixture::with("alice");
    let module = LoadedModule::open();
    let text = CString::new("nullok").unwrap();
    let with_null = [text.as_ptr(), ptr::null()];
    for entry_point in EntryPoint::ALL {
        assert_eq!(
            module.call(entry_point, None, &[]),
            Code::ABORT,
            "{entry_point:?} without a handle"
        );
        assert_eq!(
            module.call(entry_point, None, &["nullok"]),
            Code::ABORT,
            "{entry_point:?} without a handle"
        );
        let application = fixture.application("alice", vec![Reply::from(&alice.code())]);
        for (count, arguments) in
            [(1, &[][..]), (2, &with_null[..]), (-1, &with_null[..]), (i32::MIN, &[][..])]
        {
            let code = module.call_raw(entry_point, Some(&application), count, arguments);
            assert_eq!(code, Code::ABORT, "{entry_point:?} with {count} arguments");
        }
        assert!(application.messages().is_empty());
    }
}
