//! An enrolled user, as the holder of the phone and the printed codes.

use crate::{index, slots};
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::history::Origin;
use cloud2fa::store::{Basis, Failures};
use cloud2fa::totp::STEP_SECONDS;
use cloud2fa::{
    Answer, Attempt, FileStore, Generation, PendingEnrolment, Purpose, Rules, Secret, Store,
    TimeStep, UnixTime, User, UserName,
};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a user knows of the enrolment.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Name and uid.
    pub user: User,
    /// What is in the app.
    pub secret: Secret,
    /// What is on the printed list, in its order.
    pub backup_codes: Vec<String>,
}

/// A login's answer, typed at the command or the service.
pub fn at_login<'a>(user: &'a User, seen: &'a Generation, answer: &'a Answer) -> Attempt<'a> {
    static HERE: OnceLock<Origin> = OnceLock::new();
    Attempt { user, seen, answer, purpose: Purpose::Login, origin: HERE.get_or_init(Origin::own) }
}

impl Enrolled {
    /// The code that the app shows `offset` steps from now. Waits where a step is about
    /// to end, so that now is the same when the code arrives.
    pub fn code_at(&self, offset: i64) -> String {
        let [code] = self.codes_at([offset]);
        code
    }

    /// The same with several offsets from one now.
    pub fn codes_at<const N: usize>(&self, offsets: [i64; N]) -> [String; N] {
        // By default those of this step and the next are right in the next step, too.
        let last_longer = offsets.iter().all(|offset| matches!(offset, 0 | 1));
        let now = step_with_time_left(if last_longer { A_MOMENT } else { A_WHILE });
        offsets
            .map(|offset| self.code_in(TimeStep(now.0.checked_add_signed(offset).expect("a step"))))
    }

    /// The code that the app shows in a step.
    pub fn code_in(&self, step: TimeStep) -> String {
        self.secret.token_at(step).as_str().to_owned()
    }

    /// The code that the app shows now.
    pub fn code(&self) -> String {
        self.code_at(0)
    }

    /// A code that no step anywhere near shows.
    pub fn wrong_code(&self) -> String {
        wrong_code_of(&self.secret)
    }
}

/// A code that is wrong for a while, whatever the time.
pub fn wrong_code_of(secret: &Secret) -> String {
    let is_free = |digits: &String| {
        let token = cloud2fa::Token::from_digits(digits.as_bytes()).expect("six digits");
        secret.nearest_step_of(&token, now(), 40).is_none()
    };
    let mut codes = (1..1_000_000).map(|number| format!("{number:06}"));
    codes.find(is_free).expect("most numbers are no codes")
}

/// Seconds that must be left of a step where little depends on it.
pub const A_MOMENT: u64 = 3;
/// Seconds that must be left of a step in which a login has to end, on a busy machine too.
pub const A_WHILE: u64 = 10;

/// This step, or the next one where only so many seconds are left of it.
pub fn step_with_time_left(seconds: u64) -> TimeStep {
    loop {
        let now = now();
        let left = STEP_SECONDS - now.0 % STEP_SECONDS;
        if left > seconds {
            return TimeStep::of(now);
        }
        std::thread::sleep(Duration::from_secs(left));
    }
}

/// The system's clock.
pub fn now() -> UnixTime {
    UnixTime(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs())
}

/// The user `name` of this machine.
pub fn of_this_machine(name: &str) -> User {
    let entry = nix::unistd::User::from_name(name).ok().flatten();
    let entry = entry.unwrap_or_else(|| panic!("no user {name} on this machine"));
    User::try_from(entry).expect("a good name")
}

/// The uid of this machine's user `name`. A private machine has uids of its own.
pub fn uid(name: &str) -> u32 {
    of_this_machine(name).uid
}

/// The uid of the private machine's user u000 to u299 with that number.
pub fn numbered(number: u32) -> u32 {
    first_numbered() + number
}

/// The name of the private machine's user u000 to u299 with that uid.
pub fn name_of(uid: u32) -> String {
    format!("u{:03}", uid - first_numbered())
}

fn first_numbered() -> u32 {
    static FIRST: OnceLock<u32> = OnceLock::new();
    *FIRST.get_or_init(|| uid("u000"))
}

/// Gives this machine's user `of` another name, behind the first. In one step, since other
/// tests look users up meanwhile; it goes away with the machine.
pub fn add_alias(of: &User, name: &str) {
    crate::machine::must_be_private();
    let passwd = std::fs::read_to_string("/etc/passwd").expect("readable");
    let line = format!("{name}:x:{}:{0}::/nonexistent:/bin/sh\n", of.uid);
    std::fs::write("/etc/passwd.new", passwd + &line).expect("writable");
    std::fs::rename("/etc/passwd.new", "/etc/passwd").expect("on the same file system");
}

/// Gives this machine's user `name` these fields behind the name in /etc/shadow (shadow(5)).
/// In one step, likewise.
pub fn set_shadow(name: &str, fields: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    crate::machine::must_be_private();
    let alone = ONE_AT_A_TIME.lock().expect("nobody has failed here");
    let shadow = std::fs::read_to_string("/etc/shadow").expect("readable");
    let begin = format!("{name}:");
    let others = shadow.lines().filter(|line| !line.starts_with(&begin));
    let all: String =
        others.chain([&*format!("{begin}{fields}")]).flat_map(|line| [line, "\n"]).collect();
    write_private(Path::new("/etc/shadow.new"), all.as_bytes());
    std::fs::rename("/etc/shadow.new", "/etc/shadow").expect("on the same file system");
    drop(alone);
}

/// An enrolment made by the library, once in this process: hashing eight backup codes
/// takes long.
struct Template {
    text: String,
    backup_codes: Vec<String>,
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("store");
        FileStore::init(&path, 0).expect("a store can be made");
        let mut store =
            FileStore::open(&path, 0, Rules::default(), Box::new(HeapMemory::default()))
                .expect("it opens");
        let pending = PendingEnrolment::generate().expect("random numbers");
        let earlier = UnixTime(now().0 - 30 * 86_400);
        let proof = pending.secret().token_at(TimeStep::of(earlier));
        let proven = pending.prove(&proof, earlier, 1).expect("the right code proves");
        let user = User { name: UserName::new("template").expect("a name"), uid: 4_000_000 };
        let issued = store
            .enrol(&user, proven, "root", &Basis::Nothing, Failures::CarriedOver, &|| earlier)
            .expect("enrolled");
        let file = std::fs::read(path.join("template.account")).expect("the account file");
        let (_, text) = slots::newest(&file);
        let backup_codes =
            issued.backup_codes.iter().map(|code| code.printed().to_string()).collect();
        Template { text, backup_codes }
    })
}

/// Enrols `user` with `secret` in the store at `directory`: the file of an enrolment by
/// the library, a month ago, with another name, secret and generation.
pub fn enrol(directory: &Path, user: User, secret: Secret) -> Enrolled {
    let template = template();
    let generation = Generation::generate().expect("random numbers").to_hex();
    let text = with_value(&template.text, "generation", &format!("\"{generation}\""));
    let text =
        with_value(&text, "user", &format!("\"{}\"", user.name.as_str().replace('\\', "\\\\")));
    let text = with_value(&text, "uid", &user.uid.to_string());
    let text = with_value(&text, "secret", &format!("\"{}\"", *secret.to_base32()));
    index::add(directory, &user);
    write_private(&directory.join(format!("{}.account", user.name.encoded())), &slots::file(&text));
    Enrolled { user, secret, backup_codes: template.backup_codes.clone() }
}

/// Keys of the table `[usage]`, in their order: one that has its default is left out.
const USAGE: [&str; 8] = [
    "last_step_at",
    "last_used",
    "spent_backup_codes",
    "failures",
    "failures_since_login",
    "wait_from",
    "wait_seconds",
    "locked",
];

/// `text` with another value for `key`.
pub fn with_value(text: &str, key: &str, value: &str) -> String {
    let start = format!("{key} = ");
    let replace = |line: &str| {
        if line.starts_with(&start) { format!("{start}{value}\n") } else { format!("{line}\n") }
    };
    if text.lines().any(|line| line.starts_with(&start)) {
        return text.lines().map(replace).collect();
    }
    let place = USAGE.iter().position(|known| *known == key);
    let before = &USAGE[..place.unwrap_or_else(|| panic!("no key {key}"))];
    let is_before = |line: &&str| {
        *line == "[usage]" || before.iter().any(|key| line.starts_with(&format!("{key} = ")))
    };
    // Behind the last line that belongs before it.
    let at = text.lines().count()
        - text.lines().rev().position(|line| is_before(&line)).expect("[usage]");
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.insert(at, format!("{start}{value}"));
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, content).expect("writable");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("ours");
}
