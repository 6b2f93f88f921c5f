//! A login in French, where the configuration says so; the log stays English.
#![allow(missing_docs)]

use cloud2fa_tests::processes::another_user;
use cloud2fa_tests::pty::Pty;
use cloud2fa_tests::sshd::{LET_IN, PASSWORD_THEN_CODE, Sshd};
use cloud2fa_tests::{Code, Fixture, Reply};

#[test]
fn a_login_is_asked_and_told_in_french_and_logged_in_english() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_config("language = \"fr\"");
    let code = alice.code();
    let wrong = fixture.login("alice", &[&alice.wrong_code()]);
    assert_eq!(wrong.code, Code::AUTH_ERR);
    assert_eq!(wrong.messages[0].text, "Code de vérification : ");
    assert_eq!(wrong.texts(), ["Ce code est faux. Un code de secours fonctionne aussi."]);
    let right = fixture.login("alice", &[&code]);
    assert_eq!(
        (right.code, right.texts()),
        (Code::SUCCESS, vec!["1 code faux depuis votre dernière connexion."])
    );
    let used = fixture.login("alice", &[&code]);
    assert!(used.texts()[0].starts_with("Ce code a déjà servi ou est trop ancien. "), "{used:?}");
    let (_, line) = fixture.last_log_line();
    assert!(line.is_ascii() && line.contains(" reason=replayed "), "{line}");
    let shapeless = fixture.login("alice", &["bonjour"]);
    assert_eq!(
        shapeless.texts(),
        ["Ce n'est pas un code. Tapez 6 chiffres, ou un code comme ABCD-EFGH-JKMNP."]
    );
    let nobody = fixture.login("bob", &["123456"]);
    assert_eq!(nobody.texts(), ["Ce code est faux. Un code de secours fonctionne aussi."]);
}

#[test]
fn the_prompt_of_the_service_file_goes_before_the_language() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_config("language = \"fr\"");
    let arguments = format!("prompt=Code? config={}", fixture.config_path().display());
    let login = fixture.raw("alice", &arguments, vec![Reply::from(&alice.code())]);
    assert_eq!((login.code, login.messages[0].text.as_str()), (Code::SUCCESS, "Code?"));
}

/// What a client does with accents is its own: OpenSSH's shows the bytes where its locale has no UTF-8.
#[test]
fn an_ssh_client_shows_accents_where_its_locale_has_them_and_lets_in_where_not() {
    for (locale, prompt) in
        [("C.UTF-8", "Code de vérification : "), ("C", "Code de v\\303\\251rification : ")]
    {
        let (name, fixture) = (another_user(), Fixture::new());
        let enrolled = fixture.enrol(&name);
        fixture.set_config("language = \"fr\"");
        let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
        let locale = format!("LC_ALL={locale}");
        let mut words = vec!["env".to_owned(), locale];
        words.extend(sshd.client(&name, &[]));
        let mut client = Pty::start(&words);
        client.answer("Password: ", "pw");
        client.answer(prompt, &enrolled.code());
        client.expect(LET_IN);
        client.finish();
    }
}
