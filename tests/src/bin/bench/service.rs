//! What the service costs: beside the same in this process, and beside the service of an older version,
//! which had a process of systemd's for each connection. Runs in a booted machine that
//! `tests/bench_service` has made.

use crate::codes;
use crate::ground;
use crate::latency::Times;
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::client::{Client, SOCKET};
use cloud2fa::{
    Answer, Challenge, FileStore, Generation, Rules, Secret, TimeStep, User, Verdict, Verifier,
};
use cloud2fa_tests::processes::status_field;
use cloud2fa_tests::user::{self, Enrolled, at_login, now};
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The command of this program.
pub const COMMAND: &str = "service";
/// The same, for one of a crowd, with a name.
pub const CROWD: &str = "one-of-crowd";
/// For one who waits for a first reply, with a socket.
pub const GREETED: &str = "one-who-is-greeted";
/// Whole commands, with a program and the uid whose they are.
pub const STATUS: &str = "times-of-status";

/// Where the service's store is.
const STORE: &str = "/var/lib/cloud2fa";

/// Where the service of the older version listens, and its command.
const OLD_SOCKET: &str = "/run/old/socket";
const OLD_COMMAND: &str = "/usr/local/libexec/old/cloud2fa";

/// A call that costs nothing but the answer.
const GREETING: &[u8] = b"{\"method\":\"org.varlink.service.GetInfo\"}\0";

/// Verifications of each kind.
const EACH: usize = 200;

/// Users who verify at once.
const AT_ONCE: usize = 100;

/// Services that are started anew.
const COLD: usize = 10;

/// All that was found.
struct Findings {
    warm: [Times; 2],
    cold: [Times; 2],
    status: [Times; 2],
    greeted_at_once: [(Duration, usize); 2],
    direct: Times,
    service: Times,
    login: Times,
    verified_at_once: (Duration, usize),
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
    let [mut direct, mut service, mut login] = [(); 3].map(|()| Times::default());
    let (mut warm, mut cold) = (<[Times; 2]>::default(), <[Times; 2]>::default());
    // In turn, so that what else the machine does hits all alike.
    for (number, three) in people.chunks(3).enumerate() {
        codes::wait_for(2);
        direct.add(|| log_in(&mut store(), &three[0]));
        let seen = generation(&mut store(), &three[1]);
        service.add(|| let_in(&mut Client::default(), &three[1], &seen));
        login.add(|| log_in(&mut Client::default(), &three[2]));
        warm[0].add(|| greeted(SOCKET));
        if number % (EACH / COLD) == 0 {
            warm[1].add(|| greeted(OLD_SOCKET));
            stop_the_service();
            cold[0].add(|| greeted(SOCKET));
            cold[1].add(|| greeted(OLD_SOCKET));
        }
    }
    let greeted_at_once = [SOCKET, OLD_SOCKET].map(|socket| {
        let command = |person: &Enrolled| one_of(person, &[GREETED, socket]);
        at_once(crowd.iter().map(command).collect(), &vec!["\n".to_owned(); AT_ONCE])
    });
    codes::wait_for(20);
    let seen = crowd.iter().map(|person| generation(&mut store(), person).to_hex());
    let token = |person: &Enrolled| person.secret.token_at(TimeStep::of(now()));
    let lines: Vec<_> = seen
        .zip(crowd)
        .map(|(seen, person)| format!("{seen} {}\n", token(person).as_str()))
        .collect();
    let command = |person: &Enrolled| one_of(person, &[CROWD, person.user.name.as_str()]);
    let verified_at_once = at_once(crowd.iter().map(command).collect(), &lines);
    let uid = crowd[0].user.uid.to_string();
    let status = [
        times_of(Command::new(own()).args([STATUS, "/usr/local/bin/cloud2fa", &uid])),
        // Its command finds its socket at the usual place.
        times_of(Command::new("unshare").args(["--mount", "sh", "-ec"]).args([
            &format!(
                "mount --bind /run/old /run/cloud2fa; exec \"$0\" {STATUS} {OLD_COMMAND} {uid}"
            ),
            own().to_str().expect("UTF-8"),
        ])),
    ];
    print!(
        "{}",
        Findings {
            warm,
            cold,
            status,
            greeted_at_once,
            direct,
            service,
            login,
            verified_at_once,
            memory
        }
    );
}

fn own() -> PathBuf {
    std::env::current_exe().expect("this program")
}

/// Waits for a first reply.
fn greeted(socket: &str) {
    let mut stream = UnixStream::connect(socket).expect("the unit listens");
    stream.write_all(GREETING).expect("it reads");
    assert!(stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0), "no reply");
}

fn stop_the_service() {
    let mut stop = Command::new("systemctl");
    let stopped = stop.args(["stop", "cloud2fad.service"]).stderr(Stdio::null()).status();
    assert!(stopped.expect("systemctl").success());
}

/// What another process of this program has found.
fn times_of(command: &mut Command) -> Times {
    let output = command.stderr(Stdio::inherit()).output().expect("it starts");
    assert!(output.status.success(), "{command:?}");
    let mut times = Times::default();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        times.push(Duration::from_secs_f64(line.parse().expect("seconds")));
    }
    times
}

/// Prints what `cloud2fa status` of that user takes, in seconds, once a line.
pub fn times_of_status(program: &str, uid: &str) {
    for _ in 0..EACH / 4 {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", uid, "--clear-groups", program, "status"]);
        let began = Instant::now();
        let ended = command.stdout(Stdio::null()).status().expect("setpriv starts");
        let took = began.elapsed();
        assert!(ended.success(), "{ended}");
        println!("{}", took.as_secs_f64());
    }
}

/// Enrols so many users of this machine.
fn enrol(count: usize) -> Vec<Enrolled> {
    let users: Vec<User> = (0..count).map(|number| ground::numbered("b", number, 10_000)).collect();
    ground::write_passwd(&users);
    let secret = || Secret::generate().expect("random numbers");
    users.into_iter().map(|user| user::enrol(STORE.as_ref(), user, secret())).collect()
}

fn store() -> FileStore {
    FileStore::open(STORE.as_ref(), 0, Rules::default(), Box::new(HeapMemory::default()))
        .expect("a healthy store")
}

fn generation(verifier: &mut dyn Verifier, person: &Enrolled) -> Generation {
    match verifier.challenge(&person.user, &now) {
        Ok(Challenge::Ask(generation)) => generation,
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

/// This program, as that user.
fn one_of(person: &Enrolled, words: &[&str]) -> Command {
    let mut command = Command::new(own());
    command.args(words).uid(person.user.uid).stdin(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Starts all of them, and then gives each its line, all at once. Gives the time until the last has ended,
/// and how many of them were served.
fn at_once(mut crowd: Vec<Command>, lines: &[String]) -> (Duration, usize) {
    let start = |command: &mut Command| command.spawn().expect("this program starts");
    let mut children: Vec<_> = crowd.iter_mut().map(start).collect();
    // They wait for it.
    std::thread::sleep(Duration::from_secs(1));
    let start = Instant::now();
    for (child, line) in children.iter_mut().zip(lines) {
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

/// The same, for a first reply.
pub fn one_who_is_greeted(socket: &str) {
    std::io::stdin().read_line(&mut String::new()).expect("a line");
    greeted(socket);
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
    let mut stream = UnixStream::connect(SOCKET).expect("the service listens");
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
    let serves = |pid: &u32| {
        fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|said| said.starts_with(b"cloud2fad\0uid="))
    };
    let processes = fs::read_dir("/proc").expect("there is one").filter_map(Result::ok);
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // An earlier one may not have been taken down yet: the youngest.
    pids.filter(serves).max().expect("an instance")
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | median | 99 of 100 take at most | median with d809075 |\n|---|---:|---:|---:|"
        )?;
        let mut row = |what: &str, times: &Times, old: Option<&Times>| {
            let [median, most] = [0.5, 0.99].map(|share| millis(times.quantile(share)));
            let old = old.map_or(String::new(), |old| format!("{:.1} ms", millis(old.median())));
            writeln!(f, "| {what} | {median:.1} ms | {most:.1} ms | {old} |")
        };
        row("a first reply of the service", &self.warm[0], Some(&self.warm[1]))?;
        row("the same, where it has ended", &self.cold[0], Some(&self.cold[1]))?;
        row("`cloud2fa status` of a user, whole", &self.status[0], Some(&self.status[1]))?;
        row("a login in the own process", &self.direct, None)?;
        row("a token verified by the service", &self.service, None)?;
        row("a login by the service: asked whether, then verified", &self.login, None)?;
        let added = millis(self.login.median()) - millis(self.direct.median());
        writeln!(f, "\nadded to a login at the median: {added:.1} ms (target: at most 12)")?;
        for ((time, done), whose) in self.greeted_at_once.iter().zip(["", ", with d809075"]) {
            writeln!(f, "{AT_ONCE} users at once{whose}: {done} had a first reply in {time:.2?}")?;
        }
        let (time, done) = self.verified_at_once;
        writeln!(f, "{AT_ONCE} users at once: {done} verified in {time:.2?}")?;
        let Memory { share, token, backup_code } = self.memory;
        writeln!(
            f,
            "memory of one process: {share} KiB of its own and {token} KiB at most with a token \
             (aim: under 6144), {backup_code} KiB at most with a backup code"
        )
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
