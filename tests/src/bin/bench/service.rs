//! What a verification costs by way of the service: beside one in this process, and beside the
//! same unit with /bin/cat in the service's place, which is what systemd takes for a sandboxed
//! process of any kind. Runs in a booted machine that `tests/bench_service` has made.

use crate::codes;
use crate::ground;
use crate::latency::Times;
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::service::Client;
use cloud2fa::{
    Answer, FileStore, Generation, Policy, Secret, Standing, TimeStep, User, Verdict, Verifier,
};
use cloud2fa_tests::processes::status_field;
use cloud2fa_tests::user::{self, Enrolled, at_login, now};
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The command of this program.
pub const COMMAND: &str = "service";
/// The same, for one of a crowd, with a name.
pub const CROWD: &str = "one-of-crowd";
/// Likewise, with /bin/cat.
pub const CATS_CROWD: &str = "one-of-cats-crowd";

/// Where the service's store is.
const STORE: &str = "/var/lib/cloud2fa";

/// Where /bin/cat stands in the service's unit.
const CAT: &str = "/run/cat/socket";

/// Verifications of each kind.
const EACH: usize = 200;

/// Users who verify at once.
const AT_ONCE: usize = 100;

/// All that was found.
struct Findings {
    direct: Times,
    service: Times,
    login: Times,
    cat: Times,
    at_once_by_service: (Duration, usize),
    at_once_by_cat: (Duration, usize),
    memory: Memory,
}

/// KiB of one instance.
struct Memory {
    /// Its own share (Pss), after a token.
    share: u64,
    /// At its highest, after a token.
    token: u64,
    /// At its highest, after a backup code, whose hash takes 9 MiB (Argon2id).
    backup_code: u64,
}

/// Measures, and prints the table.
pub fn bench() {
    let marker = Path::new("/etc/cloud2fa-test-machine");
    assert!(marker.exists(), "this enrols users and writes /etc/passwd: in a test machine only");
    let mut people = enrol(3 * EACH + AT_ONCE + 2).into_iter();
    let memory = memory(&people.next().expect("enrolled"), &people.next().expect("enrolled"));
    let people: Vec<_> = people.collect();
    let (crowd, people) = people.split_at(AT_ONCE);
    let [mut direct, mut service, mut login, mut cat] = [(); 4].map(|()| Times::default());
    // In turn, so that what else the machine does hits all alike.
    for three in people.chunks(3) {
        codes::wait_for(2);
        direct.add(|| log_in(&mut store(), &three[0]));
        let seen = generation(&mut store(), &three[1]);
        service.add(|| let_in(&mut Client::default(), &three[1], &seen));
        login.add(|| log_in(&mut Client::default(), &three[2]));
        cat.add(echo);
    }
    codes::wait_for(20);
    let at_once_by_service = at_once(crowd, CROWD);
    let at_once_by_cat = at_once(crowd, CATS_CROWD);
    print!(
        "{}",
        Findings { direct, service, login, cat, at_once_by_service, at_once_by_cat, memory }
    );
}

/// Enrols so many users of this machine.
fn enrol(count: usize) -> Vec<Enrolled> {
    let users: Vec<User> = (0..count).map(|number| ground::numbered("b", number, 10_000)).collect();
    ground::write_passwd(&users);
    let secret = || Secret::generate().expect("random numbers");
    users.into_iter().map(|user| user::enrol(STORE.as_ref(), user, secret())).collect()
}

fn store() -> FileStore {
    FileStore::open(STORE.as_ref(), 0, Policy::default(), Box::new(HeapMemory::default()))
        .expect("a healthy store")
}

fn generation(verifier: &mut dyn Verifier, person: &Enrolled) -> Generation {
    match verifier.challenge(&person.user, &now) {
        Ok(Standing::Enrolled(generation, _)) => generation,
        other => panic!("{} cannot be asked: {other:?}", person.user.name),
    }
}

/// A login, as the module has it.
fn log_in(verifier: &mut dyn Verifier, person: &Enrolled) {
    let seen = generation(verifier, person);
    let_in(verifier, person, &seen);
}

/// The right code is accepted, and spent.
fn let_in(verifier: &mut dyn Verifier, person: &Enrolled, seen: &Generation) {
    let token = person.secret.token_at(TimeStep::of(now()));
    let answer = Answer::Token(token);
    let verdict = verifier.verify(&at_login(&person.user, seen, &answer), &now);
    assert!(matches!(verdict, Ok(Verdict::Accepted { .. })), "{verdict:?}");
}

/// Sends /bin/cat about what a call has, and waits until it is back.
fn echo() {
    let message = [b'x'; 200];
    let mut answer = [0; 200];
    let mut stream = UnixStream::connect(CAT).expect("the other unit listens");
    stream.write_all(&message).expect("cat reads");
    stream.read_exact(&mut answer).expect("cat answers");
}

/// A process for each of these users, as that user; all of them verify at once, or send to
/// /bin/cat. Gives the time until the last has ended, and how many of them were served.
fn at_once(crowd: &[Enrolled], word: &str) -> (Duration, usize) {
    let own = std::env::current_exe().expect("this program");
    let mut children: Vec<_> = crowd
        .iter()
        .map(|person| {
            let mut command = Command::new(&own);
            command.args([word, person.user.name.as_str()]).uid(person.user.uid);
            let quiet = command.stdin(Stdio::piped()).stderr(Stdio::null());
            quiet.spawn().expect("this program starts")
        })
        .collect();
    let seen = crowd.iter().map(|person| generation(&mut store(), person).to_hex());
    let token = |person: &Enrolled| person.secret.token_at(TimeStep::of(now()));
    let lines: Vec<_> = seen
        .zip(crowd)
        .map(|(seen, person)| format!("{seen} {}\n", token(person).as_str()))
        .collect();
    let start = Instant::now();
    for (child, line) in children.iter_mut().zip(&lines) {
        let mut input = child.stdin.take().expect("piped");
        input.write_all(line.as_bytes()).expect("it waits for that");
    }
    let ends = children.into_iter().map(|mut child| child.wait().expect("it ends"));
    let served = ends.filter(ExitStatus::success).count();
    (start.elapsed(), served)
}

/// One of a crowd: waits for its line, a generation and a code, and asks the service.
pub fn one_of_crowd(name: &str) {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line");
    let (seen, code) = line.trim().split_once(' ').expect("two words");
    let seen = Generation::from_hex(seen).expect("a generation");
    let answer = Answer::parse(code.as_bytes()).expect("a code");
    let user = user::of_this_machine(name);
    let verdict = Client::default().verify(&at_login(&user, &seen, &answer), &now);
    assert!(matches!(verdict, Ok(Verdict::Accepted { .. })), "{verdict:?}");
}

/// The same, with /bin/cat.
pub fn one_of_cats_crowd() {
    std::io::stdin().read_line(&mut String::new()).expect("a line");
    echo();
}

/// What one instance takes after a token of `first`, and after a backup code of `second`.
fn memory(first: &Enrolled, second: &Enrolled) -> Memory {
    let token = first.secret.token_at(TimeStep::of(now())).as_str().to_owned();
    let (share, token) = after_verifying(first, &token);
    let (_, backup_code) = after_verifying(second, &second.backup_codes[0]);
    Memory { share, token, backup_code }
}

/// Verifies on a connection that stays open, and reads what its process has taken: its share
/// now, and its highest.
fn after_verifying(person: &Enrolled, code: &str) -> (u64, u64) {
    let seen = generation(&mut store(), person).to_hex();
    let call = serde_json::json!({
        "method": "io.cloud2fa.Verify",
        "parameters":
            { "user": person.user.name.as_str(), "generation": seen, "code": code, "purpose": "login" }
    });
    let mut stream = UnixStream::connect(cloud2fa::service::SOCKET).expect("the service listens");
    stream.write_all(format!("{call}\0").as_bytes()).expect("it reads");
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).expect("it answers");
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.contains("accepted"), "{answer}");
    let pid = instance();
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("it runs still");
    let share = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).expect("its share");
    let most = status_field(pid, "VmHWM").expect("it runs still");
    let kib = |text: &str| text.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    (kib(share), kib(&most))
}

/// The process of the only connection that is open.
fn instance() -> u32 {
    let is_service = |pid: &u32| status_field(*pid, "Name").as_deref() == Some("cloud2fad");
    let processes = fs::read_dir("/proc").expect("there is one").filter_map(Result::ok);
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // An earlier one may not have been taken down yet: the youngest.
    pids.filter(is_service).max().expect("an instance")
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| | median | 99 of 100 take at most |\n|---|---:|---:|")?;
        let mut row = |what: &str, times: &Times| {
            let [median, most] = [0.5, 0.99].map(|share| millis(times.quantile(share)));
            writeln!(f, "| {what} | {median:.1} ms | {most:.1} ms |")
        };
        row("a token verified in the own process", &self.direct)?;
        row("a token verified by the service", &self.service)?;
        row("a login by the service: asked whether, then verified", &self.login)?;
        row("/bin/cat in the service's place", &self.cat)?;
        let added = millis(self.service.median()) - millis(self.cat.median());
        let (time, done) = self.at_once_by_service;
        let (cat_time, cat_done) = self.at_once_by_cat;
        let Memory { share, token, backup_code } = self.memory;
        writeln!(f, "\nadded to /bin/cat at the median: {added:.1} ms (target: at most 15)")?;
        writeln!(f, "{AT_ONCE} users at once: {done} verified in {time:.1?}")?;
        writeln!(f, "{AT_ONCE} users at once, /bin/cat: {cat_done} answered in {cat_time:.1?}")?;
        writeln!(
            f,
            "memory of one instance: {share} KiB of its own and {token} KiB at most with a token \
             (aim: under 6144), {backup_code} KiB at most with a backup code"
        )
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
