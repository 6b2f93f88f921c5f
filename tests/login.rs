//! One login after another at the built module in real libpam.
#![allow(missing_docs)]

use cloud2fa_tests::{Code, Fixture, Message, Style};

#[test]
fn the_code_of_now_lets_in_after_one_hidden_prompt() {
    let (fixture, alice) = Fixture::with("alice");
    let outcome = fixture.login("alice", &[&alice.code()]);
    assert_eq!(outcome.code, Code::SUCCESS);
    let prompt = Message { style: Style::AskHidden, text: "Verification code: ".to_owned() };
    assert_eq!(outcome.messages, [prompt]);
}
