//! What may stand in place of an account file: each refuses with the right reason, none
//! hangs, and root's `disable` and `enrol` write each of them over.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::decide::Purpose;
use cloud2fa::store::{Basis, Failures, Standing, Store, StoreError, Verifier};
use cloud2fa::{Answer, TimeStep, User};
use house::{
    Enrolled, FILE, FORMAT, House, LATER_FORMAT, NOW, SLOT, accepted, alice, attempt, file_of,
    later, newest, owner, user,
};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::time::Duration;

/// Ends the test if `work` hangs.
fn in_time<T: Send + 'static>(case: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(work()));
    receive.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|error| panic!("{case}: {error}"))
}

/// Puts something in place of alice's account file, refuses it for `who`, and clears it in both ways.
fn hostile(
    case: &'static str,
    who: User,
    plant: impl Fn(&House) + Send + 'static,
    expected: impl Fn(&StoreError) -> bool + Send + 'static,
) {
    in_time(case, move || {
        let (house, enrolled) = House::with_a_copy_of_alice();
        plant(&house);
        refuses(case, &house, &enrolled, &who, &expected);

        house.store().disable(&who, &Basis::Unusable, Failures::CarriedOver, &|| NOW).expect(case);
        let standing = house.store().status(&who, &|| NOW).expect(case);
        assert!(matches!(standing, Standing::Disabled(_)), "{case}");
        is_in_order(case, &house);

        plant(&house);
        let pending = cloud2fa::PendingEnrolment::generate().unwrap();
        let secret = pending.secret().clone();
        let proven = pending.prove(&secret.token_at(TimeStep::of(NOW)), NOW, 1).unwrap();
        house
            .store()
            .enrol(&who, proven, "root", &Basis::Unusable, Failures::CarriedOver, &|| NOW)
            .expect(case);
        let standing = house.store().status(&who, &|| NOW).expect(case);
        let Standing::Enrolled(seen, _) = standing else { panic!("{case}") };
        let right = Answer::Token(secret.token_at(TimeStep::of(later(1))));
        let login = || {
            house
                .store()
                .verify(&attempt(&who, &seen, &right, Purpose::Login), &|| later(1))
                .expect(case)
        };
        assert!(accepted(&login()), "{case}");
        assert!(!accepted(&login()), "{case}");
        is_in_order(case, &house);
        assert!(!house.holds(&enrolled.secret.to_base32()), "{case}: the old secret");
    });
}

/// Every operation refuses, and the file stays as it is.
fn refuses(
    case: &str,
    house: &House,
    enrolled: &Enrolled,
    who: &User,
    expected: &impl Fn(&StoreError) -> bool,
) {
    let refused = |doing: &str, error: Option<StoreError>| {
        let error = error.unwrap_or_else(|| panic!("{case}: {doing} goes through"));
        assert!(expected(&error) && error.is_about_one_record(), "{case}: {doing}: {error:?}");
        assert!(!error.to_string().contains(&**enrolled.secret.to_base32()), "{case}: {error}");
    };
    let (mut store, seen) = (house.store(), &enrolled.generation);
    let basis = Basis::Generation(seen.clone());
    let before = std::fs::symlink_metadata(house.file()).unwrap();
    for answer in [enrolled.token(later(1)), enrolled.wrong(NOW), enrolled.backup_code(0)] {
        let outcome = store.verify(&attempt(who, seen, &answer, Purpose::Login), &|| later(1));
        refused("verify", outcome.err());
    }
    refused("challenge", store.challenge(who, &|| NOW).err());
    refused("status", store.status(who, &|| NOW).err());
    refused("unlock", store.unlock(who, &|| NOW).err());
    refused("disable", store.disable(who, &basis, Failures::CarriedOver, &|| NOW).err());
    let outcome = store.disable(who, &Basis::Nothing, Failures::CarriedOver, &|| NOW);
    assert!(matches!(outcome, Err(StoreError::Changed(_))), "{case}: {outcome:?}");

    let list = house.list(NOW);
    assert_eq!(list.len(), 1, "{case}");
    // A list knows no users to compare uids with.
    match &list[0].standing {
        Ok(_) => assert_ne!(who.uid, 1000, "{case}: the list says that it is usable"),
        Err(error) => assert!(expected(error), "{case}: list: {error:?}"),
    }
    let after = std::fs::symlink_metadata(house.file()).unwrap();
    assert_eq!(
        (before.ino(), before.mode(), before.len(), before.mtime_nsec()),
        (after.ino(), after.mode(), after.len(), after.mtime_nsec()),
        "{case}: changed"
    );
}

fn is_in_order(case: &str, house: &House) {
    let status = std::fs::symlink_metadata(house.file()).unwrap();
    assert!(status.is_file() && status.uid() == owner() && status.nlink() == 1, "{case}");
    assert_eq!((status.mode() & 0o7777, status.len()), (0o600, FILE as u64), "{case}");
}

fn is_damaged(error: &StoreError) -> bool {
    matches!(error, StoreError::Damaged { .. })
}

fn is_unsafe(error: &StoreError) -> bool {
    matches!(error, StoreError::UnsafeRecord { .. })
}

/// Takes away what stands in place of alice's account file.
fn remove(house: &House) {
    if house.file().is_dir() && !house.file().is_symlink() {
        std::fs::remove_dir(house.file()).unwrap();
    } else {
        std::fs::remove_file(house.file()).unwrap();
    }
}

#[test]
fn a_file_of_another_size_is_damaged() {
    for size in [0, 1, 100, SLOT, FILE - 1, FILE + 1, 10_000_000] {
        let plant = move |house: &House| {
            let mut bytes = house.bytes();
            bytes.resize(size, b'x');
            house.put(&bytes);
        };
        hostile("size", alice(), plant, is_damaged);
    }
}

#[test]
fn a_file_without_a_valid_slot_is_damaged() {
    hostile("NUL bytes", alice(), |house| house.put(&[0; FILE]), is_damaged);
    hostile("0xff", alice(), |house| house.put(&[0xff; FILE]), is_damaged);
    hostile("newlines", alice(), |house| house.put(&[b'\n'; FILE]), is_damaged);
    let both_torn = |house: &House| {
        let mut bytes = house.bytes();
        bytes[SLOT - 2] ^= 1;
        bytes[SLOT + 200] ^= 1;
        house.put(&bytes);
    };
    hostile("both slots", alice(), both_torn, is_damaged);
}

#[test]
fn a_record_that_is_not_an_account_is_damaged() {
    // One of them is google-authenticator's test of a broken line (G16).
    const LAST_STEP: &str = "last_step_at = 1764000000\n";
    for (from, to) in [
        (LAST_STEP, "last_step_at = 1764000000\nfailures = 0x\n"),
        (LAST_STEP, "last_step_at = 1764000000\nfailures = -1\n"),
        (LAST_STEP, "last_step_at = 1764000000\nextra = 1\n"),
        (LAST_STEP, "last_step_at = 1764000000\nlocked = 0\n"),
        (LAST_STEP, "last_step_at = 1764000000.5\n"),
        (LAST_STEP, "last_step = 58800000\n"),
        ("memory_kib = 9216", "memory_kib = 4194304"),
        ("passes = 4", "passes = 4000000000"),
        ("lanes = 1", "lanes = 64"),
        (LAST_STEP, "last_step_at = 1764000000\nspent_backup_codes = [8]\n"),
        (LAST_STEP, "last_step_at = 1764000000\nwait_from = 1\n"),
        ("enrolled = true", "enrolled = false"),
        ("user = \"alice\"", "user = \"\""),
        ("[usage]", "[usages]"),
    ] {
        let plant = move |house: &House| {
            let (_, _, text) = newest(&house.bytes());
            // Disabled in between: then any text that is no account will do.
            assert!(text.contains(from) || text.contains("enrolled = false"), "{from}");
            let text = if text.contains(from) { text.replacen(from, to, 1) } else { to.to_owned() };
            house.put(&file_of(FORMAT, 3, &text));
        };
        hostile(to, alice(), plant, is_damaged);
    }
    let nested = "[".repeat(1900) + &"]".repeat(1900);
    let nested = move |house: &House| house.put(&file_of(FORMAT, 3, &format!("x = {nested}")));
    hostile("nested deeply", alice(), nested, is_damaged);
    hostile("empty text", alice(), |house| house.put(&file_of(FORMAT, 3, "")), is_damaged);
}

#[test]
fn a_later_format_is_not_guessed_at() {
    let is_later = |error: &StoreError| matches!(error, StoreError::LaterFormat { found: 3, .. });
    hostile(
        "later format",
        alice(),
        |house| house.put(&file_of(LATER_FORMAT, 9, "x = 1")),
        is_later,
    );
    let newest_is_later = |house: &House| {
        let bytes = house.bytes();
        let sequence = newest(&bytes).1 + 9;
        house.put(&[&bytes[..SLOT], &house::slot(LATER_FORMAT, sequence, "x = 1")].concat());
    };
    hostile("later in one slot", alice(), newest_is_later, is_later);
}

#[test]
fn what_is_no_regular_file_is_unsafe() {
    let directory = |house: &House| {
        remove(house);
        std::fs::create_dir(house.file()).unwrap();
    };
    hostile("directory", alice(), directory, is_unsafe);
    let fifo = |house: &House| {
        remove(house);
        mkfifo(&house.file(), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    };
    hostile("FIFO", alice(), fifo, is_unsafe);
}

#[test]
fn a_socket_is_unsafe() {
    let socket = |house: &House| {
        remove(house);
        UnixListener::bind(house.file()).unwrap();
    };
    hostile("socket", alice(), socket, is_unsafe);
}

#[test]
fn a_link_is_unsafe_and_what_it_points_to_stays_as_it_is() {
    let link = |house: &House| {
        let target = house.dir.path().join("target");
        let (bytes, secret) = (house.bytes(), b"of somebody else");
        assert!(!target.exists() || std::fs::read(&target).unwrap() == secret, "the target");
        std::fs::write(&target, secret).unwrap();
        assert_eq!(bytes.len(), FILE);
        remove(house);
        symlink(target, house.file()).unwrap();
    };
    hostile("link", alice(), link, is_unsafe);
    let dangling = |house: &House| {
        remove(house);
        symlink(house.dir.path().join("nowhere"), house.file()).unwrap();
    };
    hostile("dangling link", alice(), dangling, is_unsafe);
    let looping = |house: &House| {
        remove(house);
        symlink(house.file(), house.file()).unwrap();
    };
    hostile("link to itself", alice(), looping, is_unsafe);
}

#[test]
fn a_file_with_a_second_name_is_unsafe_and_the_other_name_stays_as_it_is() {
    let hard_link = |house: &House| {
        let other = house.dir.path().join("other");
        if other.exists() {
            assert!(std::fs::read(&other).unwrap() != house.bytes(), "written through");
            std::fs::remove_file(&other).unwrap();
        }
        std::fs::hard_link(house.file(), other).unwrap();
    };
    hostile("hard link", alice(), hard_link, is_unsafe);
}

#[test]
fn a_file_that_is_open_to_others_is_unsafe() {
    for bits in [0o640, 0o604, 0o602, 0o4600] {
        let open = move |house: &House| {
            std::fs::set_permissions(house.file(), Permissions::from_mode(bits)).unwrap();
        };
        hostile("mode", alice(), open, is_unsafe);
    }
}

#[test]
fn a_file_of_another_owner_is_unsafe() {
    if owner() != 0 {
        eprintln!("only root can give a file away: not tested");
        return;
    }
    let given_away = |house: &House| {
        std::os::unix::fs::chown(house.file(), Some(65_534), None).unwrap();
    };
    hostile("owner", alice(), given_away, is_unsafe);
}

#[test]
fn an_enrolment_of_another_uid_is_foreign() {
    let first = std::sync::OnceLock::new();
    let untouched = move |house: &House| {
        // The second time the record in the house is the new user's own.
        let text = first.get_or_init(|| newest(&house.bytes()).2.clone());
        house.put(&file_of(FORMAT, 5, text));
    };
    let is_foreign = |error: &StoreError| {
        matches!(error, StoreError::ForeignUid { recorded: 1000, actual: 2000, .. })
    };
    hostile("uid", user("alice", 2000), untouched, is_foreign);
}

#[test]
fn a_disabled_record_of_another_uid_stands_in_nobodys_way() {
    let (house, enrolled) = House::with_a_copy_of_alice();
    let basis = Basis::Generation(enrolled.generation.clone());
    house.guess(&enrolled, 3, NOW);
    house.store().disable(&user("alice", 1000), &basis, Failures::CarriedOver, &|| NOW).unwrap();
    let heir = user("alice", 2000);
    let standing = house.store().status(&heir, &|| NOW).unwrap();
    assert!(matches!(standing, Standing::Disabled(_)));
    let pending = cloud2fa::PendingEnrolment::generate().unwrap();
    let token = pending.secret().token_at(TimeStep::of(NOW));
    let proven = pending.prove(&token, NOW, 1).unwrap();
    house
        .store()
        .enrol(&heir, proven, "root", &standing.basis(), Failures::CarriedOver, &|| NOW)
        .unwrap();
    let standing = house.store().status(&heir, &|| NOW).unwrap();
    assert_eq!(standing.status().unwrap().failures, 0, "those of somebody else");
}
