//! No secret in `Debug` or `Display` of anything that the library hands out.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;
#[path = "common/house.rs"]
mod house;

use accounts::{code_set, new_account};
use cloud2fa::backup_codes::{BackupCode, CodeHash, HeapMemory};
use cloud2fa::decide::{Claim, Purpose, decide};
use cloud2fa::history::Origin;
use cloud2fa::rules::Rules;
use cloud2fa::store::{Basis, Failures, OldCopy, Store, StoreError, Verifier};
use cloud2fa::{Answer, PendingEnrolment, Secret, TimeStep};
use house::{FILE, FORMAT, House, LATER_FORMAT, NOW, SLOT, alice, file_of, later, newest, user};
use std::fmt::Debug;

const KEY: &[u8; 20] =
    b"\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x01\x02\x03\x04\x05";

/// What a secret may look like in a text.
fn shapes(secret: &[u8]) -> Vec<String> {
    let decimal: Vec<_> = secret.iter().map(u8::to_string).collect();
    let hexadecimal: Vec<_> = secret.iter().map(|byte| format!("{byte:x}")).collect();
    let mut shapes = vec![
        data_encoding::BASE32_NOPAD.encode(secret),
        data_encoding::HEXLOWER.encode(secret),
        data_encoding::HEXUPPER.encode(secret),
        data_encoding::BASE64.encode(secret),
        decimal.join(", "),
        decimal.join(",\n    "),
        hexadecimal.join(", "),
        secret.escape_ascii().to_string(),
    ];
    shapes.extend(std::str::from_utf8(secret).map(str::to_owned));
    shapes
}

fn hides(shown: &str, secrets: &[&[u8]]) {
    // Over several lines, too, as `{:#?}` shows lists.
    let one_line: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for shape in secrets.iter().flat_map(|secret| shapes(secret)) {
        assert!(!shown.contains(&shape) && !one_line.contains(&shape), "{shown}");
    }
}

fn debug_hides(value: &impl Debug, secrets: &[&[u8]]) {
    hides(&format!("{value:?}"), secrets);
    hides(&format!("{value:#?}"), secrets);
}

#[test]
fn the_test_itself_would_notice() {
    for shown in [format!("{KEY:?}"), format!("{KEY:#?}"), format!("{KEY:x?}")] {
        assert!(std::panic::catch_unwind(|| hides(&shown, &[KEY])).is_err(), "{shown}");
    }
}

#[test]
fn codes_secrets_and_hashes_show_nothing() {
    let secret = Secret::from_bytes(KEY).unwrap();
    debug_hides(&secret, &[KEY]);
    let token = secret.token_at(TimeStep::of(NOW));
    let digits = token.as_str().as_bytes();
    debug_hides(&token, &[digits]);
    debug_hides(&Answer::Token(token.clone()), &[digits]);
    debug_hides(&Claim::Token(token.clone()), &[digits]);

    let code = BackupCode::from_printed(b"ABCD-0123-4567X").unwrap();
    let (symbols, printed): (&[u8], &[u8]) = (b"ABCD01234567X", b"ABCD-0123-4567X");
    debug_hides(&code, &[symbols, printed]);
    debug_hides(&Answer::BackupCode(code), &[symbols, printed]);

    let bytes: Vec<u8> = (100..132).collect();
    let hash = CodeHash::from_bytes(&bytes).unwrap();
    debug_hides(&hash, &[&bytes]);
    debug_hides(&Claim::BackupCode(hash.clone()), &[&bytes]);
    let set = code_set(vec![hash; 8]);
    debug_hides(&set, &[&bytes]);

    let mut account = new_account(secret);
    account.enrolment.as_mut().unwrap().backup_codes = set;
    debug_hides(&account, &[KEY, &bytes]);
    let claim = Claim::Token(token);
    let decided = decide(&account, &claim, Purpose::Login, &Origin::own(), NOW, &Rules::default());
    debug_hides(&decided, &[KEY, &bytes, claim_digits(&claim)]);
}

fn claim_digits(claim: &Claim) -> &[u8] {
    match claim {
        Claim::Token(token) => token.as_str().as_bytes(),
        Claim::BackupCode(hash) => hash.as_bytes(),
    }
}

#[test]
fn an_enrolment_on_its_way_shows_nothing() {
    let pending = PendingEnrolment::generate().unwrap();
    let base32 = pending.secret().to_base32();
    let key = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
    debug_hides(&pending, &[&key]);
    let token = pending.secret().token_at(TimeStep::of(NOW));
    debug_hides(&pending.prove(&token, later(3), 1).unwrap_err(), &[&key]);
    let proven = pending.prove(&token, NOW, 1).unwrap();
    debug_hides(&proven, &[&key]);
    let issued = House::new()
        .store()
        .enrol(&alice(), proven, "root", &Basis::Nothing, Failures::CarriedOver, &|| NOW)
        .unwrap();
    for code in &issued.backup_codes {
        let printed = code.printed();
        let symbols = printed.replace('-', "");
        debug_hides(&issued, &[&key, printed.as_bytes(), symbols.as_bytes()]);
    }
    assert!(matches!(issued.old_copy, OldCopy::Wiped));
}

#[test]
fn what_a_store_says_shows_nothing_of_a_record() {
    let (house, enrolled) = House::with_alice();
    let bytes = house.bytes();
    let (_, sequence, text) = newest(&bytes);
    let base32 = enrolled.secret.to_base32();
    let key = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
    debug_hides(&house.challenge(NOW).unwrap(), &[&key]);
    debug_hides(&house.list(NOW), &[&key]);

    // Damaged at the secret, before it and behind it; whole, and another's.
    let of = |text: &str| file_of(FORMAT, sequence, text);
    let broken = [
        of(&text.replace("secret = \"", "secret = \"!")),
        of(&text.replace("secret = \"", "secret = ")),
        of(&text.replace("secret = ", "secert = ")),
        of(&text.replace("secret = ", "enrolled = ")),
        of(&text.replace("uid = 1000", &format!("uid = \"{}\"", *base32))),
        of(&format!("{} = 1", *base32)),
        of(&text.replace("user = \"alice\"", &format!("user = \"{}\"", *base32))),
        file_of(LATER_FORMAT, sequence, &text),
        bytes[..SLOT].to_vec(),
        bytes[..FILE - 1].to_vec(),
    ];
    for file in broken {
        house.put(&file);
        let error = house.challenge(NOW).unwrap_err();
        say_nothing(&error, &key);
        debug_hides(&house.list(NOW), &[&key]);
    }
    house.put(&bytes);
    say_nothing(&house.store().challenge(&user("alice", 7), &|| NOW).unwrap_err(), &key);
    let gone = Basis::Generation(cloud2fa::Generation::generate().unwrap());
    say_nothing(
        &house.store().disable(&alice(), &gone, Failures::CarriedOver, &|| NOW).unwrap_err(),
        &key,
    );
}

/// Nor do the causes of an error.
fn say_nothing(error: &StoreError, key: &[u8]) {
    debug_hides(error, &[key]);
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        hides(&error.to_string(), &[key]);
        cause = error.source();
    }
}

#[test]
fn a_hash_that_cannot_be_made_shows_nothing() {
    struct NoMemory;
    impl cloud2fa::backup_codes::HashMemory for NoMemory {
        fn blocks(&mut self, _: usize) -> Option<&mut [argon2::Block]> {
            None
        }
        fn release(&mut self) {}
    }
    let (codes, set) =
        cloud2fa::backup_codes::BackupCodeSet::generate(&mut HeapMemory::default()).unwrap();
    let error = set.recipe().hash(&codes[0], &mut NoMemory).unwrap_err();
    let printed = codes[0].printed();
    debug_hides(&error, &[printed.as_bytes()]);
    hides(&error.to_string(), &[printed.as_bytes()]);
}
