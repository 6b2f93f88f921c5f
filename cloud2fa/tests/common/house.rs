//! What the tests of the store share: a store that goes away again, its one user, and
//! files built by hand. The format is spelled out anew here, so that a change of it shows.

#![allow(missing_docs, dead_code)]

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::decide::{Purpose, Verdict};
use cloud2fa::history::Origin;
use cloud2fa::rules::Rules;
use cloud2fa::store::{Basis, Failures, Issued, Listed, Standing, Status, StoreError};
use cloud2fa::{
    Answer, Attempt, BackupCode, Cleared, FileStore, Generation, PendingEnrolment, Secret, Store,
    TimeStep, Token, UnixTime, User, UserName, Verifier,
};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

pub const SLOT: usize = 4096;
pub const FILE: usize = 2 * SLOT;

/// The format that is written today, and one that nobody knows yet.
pub const FORMAT: u64 = 2;
pub const LATER_FORMAT: u64 = 3;

/// The moment of enrolment: the middle of a step.
pub const NOW: UnixTime = UnixTime(1_764_000_015);

/// A moment `steps` after [`NOW`].
pub fn later(steps: u64) -> UnixTime {
    NOW.plus(30 * steps)
}

pub fn owner() -> u32 {
    nix::unistd::geteuid().as_raw()
}

pub fn user(name: &str, uid: u32) -> User {
    User { name: UserName::new(name).unwrap(), uid }
}

pub fn alice() -> User {
    user("alice", 1000)
}

/// An answer, typed at the command or the service.
pub fn attempt<'a>(
    user: &'a User,
    seen: &'a Generation,
    answer: &'a Answer,
    purpose: Purpose,
) -> Attempt<'a> {
    static HERE: OnceLock<Origin> = OnceLock::new();
    Attempt { user, seen, answer, purpose, origin: HERE.get_or_init(Origin::own) }
}

/// A store in a directory of its own.
pub struct House {
    pub dir: TempDir,
}

/// Alice's enrolment, with all that only she knows.
#[derive(Clone)]
pub struct Enrolled {
    pub secret: Secret,
    pub codes: Vec<BackupCode>,
    pub generation: Generation,
}

impl House {
    /// An empty store.
    pub fn new() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        assert!(FileStore::init(&house.path(), owner()).unwrap());
        house
    }

    /// A store in which alice enrolled at [`NOW`].
    pub fn with_alice() -> (Self, Enrolled) {
        let house = Self::new();
        let enrolled = house.enrol(&Basis::Nothing, NOW).unwrap();
        (house, enrolled)
    }

    /// The same, with the copy of a file that was enrolled once: hashing takes its time.
    pub fn with_a_copy_of_alice() -> (Self, Enrolled) {
        static ALICE: OnceLock<(Vec<u8>, Enrolled)> = OnceLock::new();
        let (bytes, enrolled) = ALICE.get_or_init(|| {
            let (house, enrolled) = Self::with_alice();
            (house.bytes(), enrolled)
        });
        let house = Self::new();
        house.put(bytes);
        std::fs::set_permissions(house.file(), Permissions::from_mode(0o600)).unwrap();
        (house, enrolled.clone())
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Where alice's account file is.
    pub fn file(&self) -> PathBuf {
        self.path().join("alice.account")
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }

    /// Writes alice's account file in place, so that its owner and mode stay.
    pub fn put(&self, bytes: &[u8]) {
        std::fs::write(self.file(), bytes).unwrap();
    }

    pub fn store(&self) -> FileStore {
        open(&self.path()).unwrap()
    }

    /// Enrols alice, with a code of `now` as the proof. Failures are carried over.
    pub fn enrol(&self, basis: &Basis, now: UnixTime) -> Result<Enrolled, StoreError> {
        self.enrol_as(basis, Failures::CarriedOver, now).map(|(enrolled, _)| enrolled)
    }

    /// The same as root or a user does it.
    pub fn enrol_as(
        &self,
        basis: &Basis,
        failures: Failures,
        now: UnixTime,
    ) -> Result<(Enrolled, Cleared), StoreError> {
        let pending = PendingEnrolment::generate().unwrap();
        let secret = pending.secret().clone();
        let proven = pending.prove(&secret.token_at(TimeStep::of(now)), now, 1).unwrap();
        let Issued { backup_codes, cleared, .. } =
            self.store().enrol(&alice(), proven, "root", basis, failures, &|| now)?;
        let Standing::Enrolled(generation, _) = self.standing(now) else {
            panic!("enrolled, and yet not enrolled")
        };
        Ok((Enrolled { secret, codes: backup_codes, generation }, cleared))
    }

    pub fn standing(&self, now: UnixTime) -> Standing {
        self.store().status(&alice(), &|| now).unwrap()
    }

    pub fn status(&self, now: UnixTime) -> Status {
        self.standing(now).status().expect("alice is enrolled").clone()
    }

    /// How alice stands, when a code may be asked for.
    pub fn challenge(&self, now: UnixTime) -> Result<Standing, StoreError> {
        let mut store = self.store();
        let challenge = store.challenge(&alice(), &|| now)?;
        let standing = store.status(&alice(), &|| now)?;
        assert_eq!(challenge, standing.clone().into(), "both say the same");
        Ok(standing)
    }

    /// All records.
    pub fn list(&self, now: UnixTime) -> Vec<Listed> {
        let mut store = self.store();
        let names = store.names_after(None).unwrap();
        names.iter().map(|name| store.record(name, &|| now).expect("it is there")).collect()
    }

    pub fn login(
        &self,
        seen: &Generation,
        answer: &Answer,
        now: UnixTime,
    ) -> Result<Verdict, StoreError> {
        self.store().verify(&attempt(&alice(), seen, answer, Purpose::Login), &|| now)
    }

    /// Gives `count` wrong codes at `now`.
    pub fn guess(&self, enrolled: &Enrolled, count: u32, now: UnixTime) {
        for _ in 0..count {
            let verdict = self.login(&enrolled.generation, &enrolled.wrong(now), now).unwrap();
            assert!(matches!(verdict, Verdict::Wrong { .. }), "{verdict:?}");
        }
    }

    /// Whether `needle` stands anywhere in alice's account file.
    pub fn holds(&self, needle: &str) -> bool {
        self.bytes().windows(needle.len()).any(|window| window == needle.as_bytes())
    }
}

impl Enrolled {
    /// What the app shows at `now`.
    pub fn token(&self, now: UnixTime) -> Answer {
        Answer::Token(self.secret.token_at(TimeStep::of(now)))
    }

    /// A token that the app shows nowhere near `now`.
    pub fn wrong(&self, now: UnixTime) -> Answer {
        Answer::Token(wrong_token(&self.secret, now))
    }

    pub fn backup_code(&self, position: usize) -> Answer {
        Answer::BackupCode(self.codes[position].clone())
    }
}

pub fn wrong_token(secret: &Secret, now: UnixTime) -> Token {
    (0..=99)
        .map(|number| Token::from_digits(format!("{number:06}").as_bytes()).unwrap())
        .find(|token| secret.nearest_step_of(token, now, 20).is_none())
        .expect("a hundred numbers do not all stand in one window")
}

pub fn open(path: &Path) -> Result<FileStore, StoreError> {
    FileStore::open(path, owner(), Rules::default(), Box::<HeapMemory>::default())
}

/// Right, and no wait or lock has ended by it.
pub fn right(backup_codes_left: usize, failures_since_login: u32, budget_used: u32) -> Verdict {
    Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened: false }
}

pub fn accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}

/// A slot as the store writes it.
pub fn slot(format: u64, sequence: u64, text: &str) -> Vec<u8> {
    slot_with("0123456789abcdef", format, sequence, text)
}

pub fn slot_with(nonce: &str, format: u64, sequence: u64, text: &str) -> Vec<u8> {
    let before = format!("cloud2fa-account {format} {sequence} {} {nonce} ", text.len());
    let sum = Blake2b::<U32>::new().chain_update(&before).chain_update(text).finalize();
    let mut slot = format!("{before}{}\n{text}", data_encoding::HEXLOWER.encode(&sum)).into_bytes();
    slot.resize(SLOT - 17, b' ');
    slot.extend(format!("\n{nonce}").into_bytes());
    slot
}

/// Whether a slot is as the manual says, whole.
pub fn is_whole(slot: &[u8]) -> bool {
    let (sequence, text) = parse(slot);
    let nonce = std::str::from_utf8(slot).unwrap().split(' ').nth(4).unwrap();
    nonce.len() == 16 && slot_with(nonce, FORMAT, sequence, &text) == unmarked(slot)
}

/// A slot without the mark that says which other one is on the disk.
pub fn unmarked(slot: &[u8]) -> Vec<u8> {
    let mut unmarked = slot.to_vec();
    let mark = &mut unmarked[SLOT - 33..SLOT - 17];
    if mark.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        mark.fill(b' ');
    }
    unmarked
}

/// A whole file with `text` in both slots.
pub fn file_of(format: u64, sequence: u64, text: &str) -> Vec<u8> {
    slot(format, sequence, text).repeat(2)
}

/// Sequence number and text of a slot.
pub fn parse(slot: &[u8]) -> (u64, String) {
    let slot = std::str::from_utf8(slot).unwrap();
    let (header, rest) = slot.split_once('\n').unwrap();
    let fields: Vec<_> = header.split(' ').collect();
    let length: usize = fields[3].parse().unwrap();
    (fields[2].parse().unwrap(), rest[..length].to_owned())
}

/// The newer slot's index, sequence number and text.
pub fn newest(file: &[u8]) -> (usize, u64, String) {
    let slots = file.chunks(SLOT).map(parse).enumerate();
    let (index, (sequence, text)) = slots.max_by_key(|(_, (sequence, _))| *sequence).unwrap();
    (index, sequence, text)
}
