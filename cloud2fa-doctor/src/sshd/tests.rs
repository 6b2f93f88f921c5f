//! What is found of sshd, for settings and stacks.

use super::*;
use crate::finding::{Finding, Severity};
use crate::pam::{AskingService, Unenrolled};

/// sshd's service, with a stack that asks for password and code.
fn asked() -> AskingService {
    AskingService {
        after_key: false,
        service: "sshd".to_owned(),
        unenrolled: Some(Unenrolled::LetIn),
        code_alone: false,
        one_field: false,
        at: "x:1".to_owned(),
    }
}

/// What a usual machine's sshd says.
const USUAL: &str = "usepam yes\npubkeyauthentication yes\npasswordauthentication no\nkbdinteractiveauthentication yes\n\
     gssapiauthentication no\nhostbasedauthentication no\npermitrootlogin yes\n\
     authenticationmethods publickey keyboard-interactive:pam\n";

/// Stock Debian's settings, which differ.
const DEBIAN: &str = "authenticationmethods any\nkbdinteractiveauthentication no\npasswordauthentication yes\n\
     permitrootlogin without-password\n";

const DEBIANS_FILE: (&str, &str) = (
    files::MAIN,
    "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n",
);

const ENROLLED: Root = Root { is_enrolled: true, has_password: true };
const NOT_ENROLLED: Root = Root { is_enrolled: false, has_password: true };

/// An sshd that says these settings, over a usual machine's.
fn sshd(settings: &str) -> Sshd {
    Sshd { files: Files::of(&[DEBIANS_FILE]), everybody: of(settings), ..Sshd::default() }
}

fn of(settings: &str) -> Settings {
    // The last of a keyword counts here: sshd says each but once.
    Settings::parse(&format!("{USUAL}{settings}"))
}

fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.id.word()).collect()
}

fn found(settings: &str, asked: &AskingService, root: Root) -> Vec<&'static str> {
    ids(&check(&sshd(settings), asked, root))
}

fn fix(sshd: &Sshd, id: &str) -> String {
    let findings = check(sshd, &asked(), ENROLLED);
    let finding = findings.iter().find(|finding| finding.id.word() == id);
    finding.unwrap_or_else(|| panic!("no {id}: {findings:?}")).fix.clone()
}

const BOTH: &str = "authenticationmethods publickey,keyboard-interactive:pam\n";
const NO_KEY: &str = "authenticationmethods any\npubkeyauthentication no\n";
const NO_QUESTION: &str = "authenticationmethods any\npubkeyauthentication no\n\
     kbdinteractiveauthentication no\npasswordauthentication yes\n";

#[test]
fn names_instead_of_addresses_are_a_note() {
    assert_eq!(found(&format!("{BOTH}usedns yes\n"), &asked(), ENROLLED), ["sshd_use_dns"]);
    assert_eq!(found(&format!("{BOTH}usedns no\n"), &asked(), ENROLLED), [] as [&str; 0]);
    let sshd = sshd(&format!("{BOTH}usedns yes\n"));
    assert_eq!(check(&sshd, &asked(), ENROLLED)[0].severity, Severity::Note);
    assert!(fix(&sshd, "sshd_use_dns").contains("UseDNS no"));
}

#[test]
fn each_way_in_is_looked_at() {
    for (settings, expected) in [
        (BOTH, &[][..]),
        ("", &[]),
        ("authenticationmethods any\n", &["sshd_key_alone"]),
        (
            "authenticationmethods any\npubkeyauthentication no\ngssapiauthentication yes\n",
            &["sshd_key_alone"],
        ),
        (NO_KEY, &[]),
        ("usepam no\n", &["sshd_pam_off"]),
        (NO_QUESTION, &["sshd_no_question"]),
        (
            "passwordauthentication yes\npubkeyauthentication no\nauthenticationmethods any\n",
            &["sshd_password_method"],
        ),
        (
            "authenticationmethods publickey,password publickey,keyboard-interactive\npasswordauthentication yes\n",
            &["sshd_password_method"],
        ),
        ("authenticationmethods keyboard-interactive\npasswordauthentication yes\n", &[]),
        // Somebody has meant it.
        ("authenticationmethods publickey\n", &["sshd_no_question"]),
    ] {
        assert_eq!(found(settings, &asked(), ENROLLED), expected, "{settings}");
    }
}

#[test]
fn a_stack_that_asks_for_the_code_alone_needs_a_key_before() {
    let code_alone = AskingService { code_alone: true, ..asked() };
    assert_eq!(found(BOTH, &code_alone, ENROLLED), [""; 0]);
    assert_eq!(found(NO_KEY, &code_alone, ENROLLED), ["sshd_code_alone"]);
}

#[test]
fn one_question_is_enough_where_both_are_typed_at_once() {
    let one_field = AskingService { one_field: true, ..asked() };
    assert_eq!(found(NO_QUESTION, &one_field, ENROLLED), [""; 0]);
}

#[test]
fn root_may_not_log_in_by_a_password_alone() {
    assert_eq!(found(NO_KEY, &asked(), NOT_ENROLLED), ["root_without_factor"]);
    assert_eq!(found(NO_KEY, &asked(), ENROLLED), [""; 0]);
    let refused = AskingService { unenrolled: Some(Unenrolled::Refused), ..asked() };
    assert_eq!(found(NO_KEY, &refused, NOT_ENROLLED), [""; 0]);
    let no_password = Root { is_enrolled: false, has_password: false };
    assert_eq!(found(NO_KEY, &asked(), no_password), [""; 0]);
}

#[test]
fn that_a_key_is_enough_is_found_where_no_administrator_has_said_so() {
    for (methods, expected) in [
        ("any", &["sshd_key_alone"][..]),
        ("publickey keyboard-interactive", &[]),
        ("publickey,keyboard-interactive", &[]),
    ] {
        let settings = format!("authenticationmethods {methods}\n");
        assert_eq!(found(&settings, &asked(), ENROLLED), expected, "{methods}");
    }
}

#[test]
fn a_root_whose_key_is_not_enough_any_more_is_locked_out() {
    for (root, expected) in [
        ("without-password", &["sshd_root_locked_out"][..]),
        ("prohibit-password", &["sshd_root_locked_out"]),
        ("forced-commands-only", &["sshd_root_locked_out"]),
        ("yes", &[]),
        ("no", &[]),
    ] {
        let settings = format!("{BOTH}permitrootlogin {root}\n");
        assert_eq!(found(&settings, &asked(), ENROLLED), expected, "{root}");
        let has_key = Sshd { root_has_key: true, ..sshd(&settings) };
        let severity = |sshd| check(&sshd, &asked(), ENROLLED).first().map(|it| it.severity);
        if !expected.is_empty() {
            assert_eq!(severity(sshd(&settings)), Some(Severity::Note));
            assert_eq!(severity(has_key), Some(Severity::Warning));
        }
    }
}

#[test]
fn asking_for_a_key_and_a_code_does_not_lock_root_out() {
    let settings = "authenticationmethods any\npermitrootlogin without-password\n";
    let fix = fix(&sshd(settings), "sshd_key_alone");
    let (first, _) = fix.split_once("\nor ").unwrap();
    assert!(
        first.contains("    AuthenticationMethods publickey,keyboard-interactive:pam\n"),
        "{fix}"
    );
    assert!(first.ends_with("    Match User root\n    AuthenticationMethods publickey"), "{fix}");
}

/// Users for whom a Match fits.
fn with_users(settings: &str, users: &[(&str, &str)]) -> Sshd {
    let of_users = users.iter().map(|(user, settings)| ((*user).to_owned(), of(settings)));
    let files = Files::of(&[(files::MAIN, "Match User x\nX11Forwarding no\n")]);
    Sshd { files, of_users: of_users.collect(), ..sshd(settings) }
}

#[test]
fn what_holds_for_some_users_is_found_for_them() {
    let anna_by_password = format!("{BOTH}{NO_QUESTION}");
    let sshd = with_users(BOTH, &[("anna", &anna_by_password), ("bob", BOTH), ("root", BOTH)]);
    let findings = check(&sshd, &asked(), ENROLLED);
    assert_eq!(ids(&findings), ["sshd_no_question", "sshd_match"]);
    assert!(findings[0].what.ends_with(" (for anna)"), "{findings:?}");
    assert!(findings[0].fix.contains("sshd -T -C user=anna,"), "{findings:?}");
    assert!(findings[1].what.contains("root and 2 enrolled"), "{findings:?}");
    // Of root counts what holds for root.
    let keys = "authenticationmethods publickey\npermitrootlogin without-password\n";
    let locked_out = format!("{BOTH}permitrootlogin without-password\n");
    assert_eq!(
        ids(&check(&with_users(&locked_out, &[("root", keys)]), &asked(), ENROLLED)),
        ["sshd_match"]
    );
    assert_eq!(
        ids(&check(&with_users(BOTH, &[("root", &locked_out)]), &asked(), ENROLLED)),
        ["sshd_root_locked_out", "sshd_match"]
    );
}

#[test]
fn switching_on_needs_an_sshd_first_that_can_ask() {
    let before = |sshd: Sshd| before_switching_on(&Look::Settings(Box::new(sshd)));
    let Before::Do(first) = before(sshd(DEBIAN)) else { panic!("nothing") };
    assert_eq!(
        first,
        "In /etc/ssh/sshd_config.d/cloud2fa.conf:\n    KbdInteractiveAuthentication yes\n    \
         PasswordAuthentication no\nThen:\n    sshd -t && systemctl restart ssh"
    );
    assert_eq!(before(sshd("")), Before::Nothing);
    assert_eq!(before(sshd("usepam no\n")), Before::Nothing);
    assert!(matches!(
        before(sshd("passwordauthentication yes\nauthenticationmethods any\n")),
        Before::Do(_)
    ));
    assert!(matches!(before(with_users("", &[("anna", NO_QUESTION)])), Before::Do(_)));
    assert_eq!(before_switching_on(&Look::Absent), Before::Nothing);
    let failed = |is_used| Look::Failed(Failed { why: String::new(), is_used });
    assert_eq!(before_switching_on(&failed(true)), Before::Unknown);
    assert_eq!(before_switching_on(&failed(false)), Before::Nothing);
}

#[test]
fn pam_is_switched_on_with_an_sshd_that_can_ask_and_starts_again() {
    let of_debian = fix(&sshd(&format!("{DEBIAN}usepam no\n")), "sshd_pam_off");
    assert!(of_debian.contains("KbdInteractiveAuthentication yes"), "{of_debian}");
    assert!(of_debian.contains("    UsePAM yes\n"));
    let usual = fix(&sshd("usepam no\n"), "sshd_pam_off");
    assert!(!usual.contains("KbdInteractiveAuthentication"), "{usual}");
    assert!(usual.ends_with("Then:\n    sshd -t && systemctl restart ssh"), "{usual}");
}

#[test]
fn the_file_that_wins_is_named() {
    let drop_in = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
    let files = Files::of(&[DEBIANS_FILE, (drop_in, "UsePAM no\nPasswordAuthentication yes\n")]);
    let no_pam = Sshd { files: files.clone(), ..sshd("usepam no\n") };
    let findings = check(&no_pam, &asked(), ENROLLED);
    assert!(findings[0].what.ends_with(&format!("({drop_in}:1)")), "{findings:?}");
    assert!(
        findings[0]
            .fix
            .contains(&format!("    sed -i '0,/^UsePAM no\\s*$/s//UsePAM yes/' {drop_in}")),
        "{findings:?}"
    );
    let no_question = fix(&Sshd { files, ..sshd(NO_QUESTION) }, "sshd_no_question");
    assert!(
        no_question.contains(&format!(
            "sed -i '0,/^PasswordAuthentication yes\\s*$/s//PasswordAuthentication no/' {drop_in}"
        )),
        "{no_question}"
    );
}

#[test]
fn an_sshd_that_is_used_and_says_nothing_is_no_mere_note() {
    let failed = |is_used| Failed {
        why: "Missing privilege separation directory: /run/sshd".to_owned(),
        is_used,
    };
    assert_eq!(unreadable(&failed(false)).severity, Severity::Note);
    assert_eq!(unreadable(&failed(true)).severity, Severity::Warning);
    assert!(unreadable(&failed(true)).fix.ends_with("    install -d -m 0755 /run/sshd"));
}

#[test]
fn passwords_that_one_file_shuts_out_and_another_lets_in_are_found() {
    let cloud = "/etc/ssh/sshd_config.d/60-cloud.conf";
    let recipe = (
        "/etc/ssh/sshd_config.d/cloud2fa.conf",
        "KbdInteractiveAuthentication yes\nPasswordAuthentication no\n",
    );
    let found = |files: &[(&str, &str)], settings: &str, asked: &AskingService| {
        let sshd = Sshd { files: Files::of(files), ..sshd(settings) };
        let findings = check(&sshd, asked, ENROLLED);
        let it = findings.iter().find(|it| it.id == crate::Id::SshdPasswordReopened);
        it.map(|it| (it.severity, it.what.split(' ').next().unwrap_or_default().to_owned()))
    };
    let by_questions = "authenticationmethods publickey keyboard-interactive:pam\n";
    let shut = (cloud, "# by the provider\nPasswordAuthentication no\n");
    let both = [DEBIANS_FILE, recipe, shut];
    let expected = Some((Severity::Critical, format!("{cloud}:2")));
    assert_eq!(found(&both, by_questions, &asked()), expected);
    // Not where a key is needed, nobody is let in without a code, or one hand has written both.
    let with_key = "authenticationmethods publickey,keyboard-interactive:pam\n";
    assert_eq!(found(&both, with_key, &asked()), None);
    let refused = AskingService { unenrolled: Some(Unenrolled::Refused), ..asked() };
    assert_eq!(found(&both, by_questions, &refused), None);
    assert_eq!(found(&[DEBIANS_FILE, recipe], by_questions, &asked()), None);
    let for_some = (cloud, "Match User git\nPasswordAuthentication no\n");
    assert_eq!(found(&[DEBIANS_FILE, recipe, for_some], by_questions, &asked()), None);
}
