//! Records of the first format, of an authority, and the way back: what each is to a host's store.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::seal::SealError;
use cloud2fa::store::record::{Lost, NotInFormat1};
use cloud2fa::store::{Basis, Failures, Standing, StoreError};
use cloud2fa::{Store, Verdict};
use house::{
    Enrolled, FORMAT, House, LATER_FORMAT, NOW, SLOT, accepted, alice, file_of, later, newest, slot,
};

/// The format that a slot's header names.
fn format_of(slot: &[u8]) -> &str {
    std::str::from_utf8(slot).unwrap().split(' ').nth(1).unwrap()
}

fn formats(house: &House) -> [String; 2] {
    let bytes = house.bytes();
    [&bytes[..SLOT], &bytes[SLOT..]].map(|slot| format_of(slot).to_owned())
}

/// What the first versions wrote of alice, as she stands in `house`.
fn text_of_the_first_format(house: &House, enrolled: &Enrolled) -> String {
    let (_, _, text) = newest(&house.bytes());
    let hex = |base64: &str| {
        let bytes = data_encoding::BASE64_NOPAD.decode(base64.as_bytes()).unwrap();
        data_encoding::HEXLOWER.encode(&bytes)
    };
    let salt = text.lines().find_map(|line| line.strip_prefix("salt = \"")).unwrap();
    let salt = hex(salt.trim_end_matches('"'));
    let hashes = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix("\","));
    let hashes: Vec<_> = hashes.map(|hash| format!("  \"{}\",\n", hex(hash))).collect();
    let hashes = hashes.concat();
    format!(
        "generation = \"{}\"\nuser = \"alice\"\nuid = 1000\nenrolled = true\nsecret = \"{}\"\n\
         created = {}\ncreated_by = \"root\"\n\n[backup_codes]\nalgorithm = \"argon2id\"\n\
         memory_kib = 9216\npasses = 4\nlanes = 1\nsalt = \"{salt}\"\nhashes = [\n{hashes}]\n\n\
         [usage]\nlast_step = {}\nspent_backup_codes = []\nfailures = 0\n\
         failures_since_login = 0\nlocked = false\n",
        enrolled.generation.to_hex(),
        *enrolled.secret.to_base32(),
        NOW.0,
        NOW.0 / 30,
    )
}

/// Alice's record as the first versions left it.
fn house_of_the_first_format() -> (House, Enrolled, String) {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let text = text_of_the_first_format(&house, &enrolled);
    house.put(&[slot(1, 6, &text), slot(1, 5, "older")].concat());
    (house, enrolled, text)
}

#[test]
fn a_record_of_the_first_format_is_read_and_the_next_change_writes_todays() {
    let (house, enrolled, _) = house_of_the_first_format();
    assert_eq!(house.status(NOW).backup_codes_left, 8);
    assert_eq!(formats(&house), ["1", "1"], "looking changes nothing");
    let replayed = house.login(&enrolled.generation, &enrolled.token(NOW), NOW).unwrap();
    assert!(matches!(replayed, Verdict::Replayed { .. }), "the last step is kept: {replayed:?}");
    let (_, sequence, text) = newest(&house.bytes());
    assert_eq!((sequence, formats(&house)), (7, ["1".to_owned(), FORMAT.to_string()]));
    assert!(text.contains(&format!("\nlast_step_at = {}\n", NOW.0 / 30 * 30)), "{text}");
    for answer in [enrolled.token(later(1)), enrolled.backup_code(3)] {
        assert!(accepted(&house.login(&enrolled.generation, &answer, later(1)).unwrap()));
        assert!(!accepted(&house.login(&enrolled.generation, &answer, later(1)).unwrap()));
    }
    assert_eq!(formats(&house), [FORMAT.to_string(), FORMAT.to_string()]);
}

#[test]
fn a_torn_first_write_of_todays_format_leaves_the_record_of_the_first() {
    let (house, enrolled, _) = house_of_the_first_format();
    let before = house.bytes();
    let right = enrolled.token(later(1));
    assert!(accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
    let after = house.bytes();
    for written in [1, 17, 100, 512, 2000, SLOT - 1] {
        let mut torn = before.clone();
        torn[SLOT..SLOT + written].copy_from_slice(&after[SLOT..SLOT + written]);
        house.put(&torn);
        assert_eq!(house.status(NOW).since, NOW, "{written}");
        assert!(accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
    }
}

#[test]
fn writing_back_leaves_both_copies_as_the_first_versions_wrote_them() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let old_text = text_of_the_first_format(&house, &enrolled);
    let written = house.store().write_back_format_1().unwrap();
    let [alice] = &written[..] else { panic!("{written:?}") };
    assert_eq!(alice.name.as_str(), "alice");
    assert_eq!(alice.outcome.as_ref().unwrap(), &[]);
    let bytes = house.bytes();
    let (_, sequence, text) = newest(&bytes);
    assert_eq!(text, old_text);
    for copy in [&bytes[..SLOT], &bytes[SLOT..]] {
        let nonce = std::str::from_utf8(copy).unwrap().split(' ').nth(4).unwrap();
        assert!(copy == house::slot_with(nonce, 1, sequence, &text));
    }
    // Once more changes nothing, and today's store goes on with it.
    house.store().write_back_format_1().unwrap();
    assert!(bytes == house.bytes());
    let right = enrolled.token(later(1));
    assert!(accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
}

#[test]
fn a_copy_of_todays_format_that_an_interruption_left_is_written_back_the_next_time() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let before = house.bytes();
    house.store().write_back_format_1().unwrap();
    let after = house.bytes();
    let (index, _, _) = newest(&after);
    // Both ways round: the newer slot is of format 1, the older one is not.
    for kept in [index, 1 - index] {
        let mut half = after.clone();
        let of_kept = kept * SLOT..(kept + 1) * SLOT;
        half[of_kept.clone()].copy_from_slice(&before[of_kept]);
        house.put(&half);
        let written = house.store().write_back_format_1().unwrap();
        assert!(written[0].outcome.is_ok());
        assert_eq!(formats(&house), ["1", "1"]);
        assert_eq!(house.status(NOW).since, NOW);
        assert_eq!(house.standing(NOW).basis(), Basis::Generation(enrolled.generation.clone()));
    }
}

/// Writes another text, made of alice's, into her record.
fn rewrite(house: &House, change: impl Fn(&str) -> String) {
    let (_, sequence, text) = newest(&house.bytes());
    house.put(&file_of(FORMAT, sequence, &change(&text)));
}

#[test]
fn writing_back_says_what_is_lost_and_leaves_what_cannot_be_said() {
    let (house, _) = House::with_a_copy_of_alice();
    rewrite(&house, |text| {
        text.to_owned()
            + "budget = \"20416 3\"\ndecisions = [\n\"1764000000 wrong token sshd 192.0.2.1 2\",\n]\n"
    });
    let written = house.store().write_back_format_1().unwrap();
    assert_eq!(written[0].outcome.as_ref().unwrap(), &[Lost::Budget, Lost::Decisions]);

    let (house, _) = House::with_a_copy_of_alice();
    rewrite(&house, |text| text.replace("created = ", "period = 60\ncreated = "));
    let before = house.bytes();
    let written = house.store().write_back_format_1().unwrap();
    let why = written[0].outcome.as_ref().unwrap_err();
    let expected = NotInFormat1::Parameters;
    assert!(matches!(why, StoreError::NotInFormat1 { why, .. } if *why == expected), "{why}");
    assert!(why.to_string().contains("alice.account cannot be written in format 1"), "{why}");
    assert!(before == house.bytes());

    // One that nobody can read holds the others up as little.
    house.put(&file_of(LATER_FORMAT, 9, "x = 1"));
    let written = house.store().write_back_format_1().unwrap();
    assert!(matches!(written[0].outcome, Err(StoreError::LaterFormat { found: 3, .. })));
}

#[test]
fn a_record_without_a_uid_is_none_of_a_hosts() {
    for enrolled in [true, false] {
        let (house, alices) = House::with_a_copy_of_alice();
        if !enrolled {
            let basis = house.standing(NOW).basis();
            house.store().disable(&alice(), &basis, Failures::CarriedOver, &|| NOW).unwrap();
        }
        rewrite(&house, |text| text.replace("uid = 1000\n", ""));
        let error = house.challenge(NOW).unwrap_err();
        assert!(matches!(error, StoreError::NoUid { .. }), "{error:?}");
        assert!(error.is_about_one_record() && error.to_string().contains("alice.account"));
        let right = alices.token(later(1));
        let error = house.login(&alices.generation, &right, later(1)).unwrap_err();
        assert!(matches!(error, StoreError::NoUid { .. }), "{error:?}");
        let list = house.list(NOW);
        assert!(matches!(list[0].standing, Err(StoreError::NoUid { .. })));
        house.store().disable(&alice(), &Basis::Unusable, Failures::CarriedOver, &|| NOW).unwrap();
        assert!(matches!(house.standing(NOW), Standing::Disabled(_)));
    }
}

#[test]
fn a_sealed_secret_is_refused_by_a_host_in_so_many_words() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let plain = format!("secret = \"{}\"", *enrolled.secret.to_base32());
    rewrite(&house, |text| text.replace(&plain, "sealed_secret = \"AAAA\"\nseal_counter = 1"));
    let no_key = SealError::NoKey;
    for error in [
        house.challenge(NOW).unwrap_err(),
        house.login(&enrolled.generation, &enrolled.token(later(1)), later(1)).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Sealed { why, .. } if why == no_key), "{error:?}");
        assert!(error.is_about_one_record());
        let text = error.to_string();
        assert!(text.contains("alice.account has a sealed secret, and there is no key"), "{text}");
    }
    house.store().disable(&alice(), &Basis::Unusable, Failures::CarriedOver, &|| NOW).unwrap();
    assert!(!house.holds("sealed"));
}

#[test]
fn what_nothing_writes_yet_is_kept_by_a_login() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let hash = "BQUFBQUFBQUFBQUFBQUFBQ";
    let enrolment = format!(
        "created = {}\ncreated_by = \"root\"\ncodes_seen = false\n\
         unconfirmed_until = 1790000001\n",
        NOW.0
    );
    let ticket = format!("enrolled = true\nticket = \"{hash} 1790000002\"\n");
    let usage = format!(
        "remembered = [\n\"{hash} 1790000003\",\n]\nnotices = [\n\"weak_key 1764000000 7\",\n]\n\
         last_attempt = \"{hash} {hash} replayed 1764000001\"\n",
    );
    let ignorable = "\n[ignorable]\ncolour = \"red\"\n";
    rewrite(&house, |text| {
        let plain = format!("created = {}\ncreated_by = \"root\"\n", NOW.0);
        let text = text.replace(&plain, &enrolment).replace("enrolled = true\n", &ticket);
        text + &usage + ignorable
    });
    assert!(accepted(
        &house.login(&enrolled.generation, &enrolled.token(later(1)), later(1)).unwrap()
    ));
    let (_, _, text) = newest(&house.bytes());
    for kept in [&*enrolment, &ticket, &usage, ignorable] {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
}

#[test]
fn a_phone_that_is_known_to_be_off_is_judged_by_its_own_clock() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    rewrite(&house, |text| text.replace("created = ", "drift = 10\ncreated = "));
    let right = |steps| house.login(&enrolled.generation, &enrolled.token(later(steps)), later(2));
    assert!(matches!(right(2).unwrap(), Verdict::Wrong { .. }));
    assert!(matches!(right(10).unwrap(), Verdict::Wrong { .. }));
    assert!(accepted(&right(12).unwrap()));
    assert!(matches!(right(12).unwrap(), Verdict::Replayed { next_in: 15 }));
    assert!(accepted(&right(13).unwrap()));
}
