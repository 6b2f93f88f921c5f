//! What a configuration may say, and what is said of what it may not.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("x.toml")).map_err(|error| error.to_string())
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(Config::default().rules(), Rules::default());
}

#[test]
fn every_key_is_read() {
    let config = parse(
        "issuer = 'My Server'\nstate_dir = '/srv/x'\nskew = 2\nunenrolled = 'allow'\nlanguage = 'fr'\n\
         reauthenticate = 'password'\nverifiers = ['freerad']\naccept = ['wide_skew']\n[throttle]\nfree_failures = 3\nfirst_wait = '0s'\nlongest_wait = '2h'\nlock_after = 50\n",
    )
    .unwrap();
    assert_eq!(config.issuer, Ok(Some("My Server".to_owned())));
    assert_eq!(config.verifiers, Ok(vec![UserName::new("freerad").unwrap()]));
    assert_eq!(config.accept, Ok(vec!["wide_skew".to_owned()]));
    assert_eq!(config.state_dir, Path::new("/srv/x"));
    assert_eq!(config.unenrolled, Some(Unenrolled::Allow));
    assert_eq!(config.language, Language::French);
    assert_eq!(config.reauthenticate, Reauthenticate::Password);
    let throttle = Throttle { free_failures: 3, first_wait: 0, longest_wait: 7200, lock_after: 50 };
    assert_eq!(config.rules(), Rules { skew: 2, throttle });
}

#[test]
fn a_mistake_is_located_and_its_line_not_quoted() {
    for (text, place) in [
        (
            "skew = 1\nskwe = 'JBSWY3DP'\n",
            "x.toml:2:1: unknown key; known here are state_dir, skew, unenrolled, language, reauthenticate, issuer, verifiers, accept, throttle",
        ),
        ("skew = 11\n", "x.toml:1:8: skew must be an integer from 0 to 10"),
        ("skew = 'JBSWY3DP'", "x.toml:1:8: skew must be an integer from 0 to 10"),
        (
            "\n\n[throttle]\nfirst_wait = '1w'",
            "x.toml:4:14: first_wait must be an integer and s, m, h or d",
        ),
        (
            "[throttle]\nfree_failures = 0",
            "x.toml:2:17: free_failures must be an integer from 1 to 100",
        ),
        (
            "[throttle]\nskew = 1",
            "x.toml:2:1: unknown key in [throttle], other keys belong above it; known here are free_failures, lock_after",
        ),
        ("unenrolled = 'enrol'", "x.toml:1:14: unenrolled must be \"refuse\" or \"allow\""),
        ("state_dir = 'var'", "x.toml:1:13: state_dir must be an absolute path"),
        ("skew = 1\nskew = 2", "x.toml:2:1: duplicate key"),
        ("skew = JBSWY3DP", "x.toml:1:8: "),
        ("JBSWY3DP", "x.toml:1:9: "),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(place), "{error}");
        assert!(!error.contains('\n') && !error.contains("JBSWY3DP"), "{error}");
    }
}

#[test]
fn a_mistake_in_what_logins_do_not_need_is_no_reason_to_refuse_one() {
    for (text, place) in [
        ("skew = 2\nissuer = 'a:b'", "x.toml:2:10: issuer must be a name"),
        ("skew = 2\naccept = 'wide_skew'", "x.toml:2:10: accept must be a list of ids"),
        (
            "skew = 2\nverifiers = ['a', 'b', 'c', 'd', 'e']",
            "x.toml:2:13: verifiers must be a list of at most 4",
        ),
        ("skew = 2\naccept = ['a', 1]", "x.toml:2:10: accept must be a list of ids"),
    ] {
        let config = parse(text).unwrap();
        assert_eq!(config.skew, 2);
        let mistakes = config.mistakes();
        assert!(mistakes[0].to_string().starts_with(place), "{mistakes:?}");
        assert_eq!(mistakes.len(), 1);
    }
    assert!(parse("issuer = 'a:b'").unwrap().issuer_or_host_name().is_err());
}

#[test]
fn a_value_that_swallows_other_keys_refuses_logins_too() {
    for text in [
        "[issuer]\nunenrolled = 'refuse'\nstate_dir = '/srv/x'",
        "[[verifiers]]\nname = 'freerad'\nunenrolled = 'refuse'",
        "[accept]\nids = []\nskew = 0",
        "[issuer.throttle]\nlock_after = 3",
        "verifiers.throttle.lock_after = 3",
        "issuer = { unenrolled = 'refuse' }",
        "issuer = '''\nx\nunenrolled = \"refuse\"\n'''",
        "accept = ['''\nunenrolled = \"refuse\"\n''']",
    ] {
        let for_logins = Config::read::<false>(text, Path::new("x.toml"));
        assert!(for_logins.is_err(), "{text}");
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn durations_have_a_unit() {
    for (text, expected) in [
        ("30s", Some(30)),
        ("2m", Some(120)),
        ("1h", Some(3600)),
        ("1d", Some(86_400)),
        ("0s", Some(0)),
        ("30", None),
        ("s", None),
        ("-1s", None),
        ("1.5h", None),
        ("+3s", None),
        ("", None),
        ("3é", None),
        ("99999999999999999999s", None),
    ] {
        assert_eq!(seconds(text), expected, "{text:?}");
    }
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cloud2fa.toml");
    let owner = nix::unistd::geteuid().as_raw();
    assert!(matches!(Config::load(Some(&path), owner), Err(ConfigError::Missing(_))));
    std::fs::write(&path, "skew = 2\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(Config::load(Some(&path), owner).unwrap().skew, 2);
    assert!(matches!(Config::load(Some(&path), owner + 1), Err(ConfigError::Unsafe(..))));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
    assert!(matches!(Config::load(Some(&path), owner), Err(ConfigError::Unsafe(..))));
    assert_eq!(Config::load_candidate(&path).unwrap().skew, 2);
    assert!(matches!(Config::load_candidate(directory.path()), Err(ConfigError::Unsafe(..))));
    assert!(matches!(Config::load(Some(directory.path()), owner), Err(ConfigError::Unsafe(..))));
}
