//! What grows with the number of users, all local and all enrolled. An administrator looks at all of them;
//! a change is about one, and must not grow.

use cloud2fa::{Answer, Secret, TimeStep, User, UserName};
use cloud2fa_tests::command::{self, Dialogue};
use cloud2fa_tests::{machine, user};
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// `bench flat`
pub const COMMAND: &str = "flat";

const STORE: &str = "/var/lib/cloud2fa";

/// So few, and so many.
const NUMBERS: [u32; 2] = [100, 100_000];

const FIRST_UID: u32 = 2_000_000;

/// How often one user is enrolled and turned off again.
const TIMES: usize = 7;

/// What `list` and `doctor` may take with the many.
const LIST: Duration = Duration::from_secs(5);
const DOCTOR: Duration = Duration::from_secs(10);

/// Measures, says what there is to say, and fails where it is not flat.
pub fn bench() {
    machine::must_be_private();
    let store = Path::new(STORE);
    run(&["init"]);
    println!(
        "| users, all enrolled | `list --json` | `list` | most memory | `doctor` | `enable` | `disable` |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    let (mut there, mut changes) = (0, Vec::new());
    for number in NUMBERS {
        add_users(there, number);
        for uid in there..number {
            let _ = user::enrol(store, user_of(uid), Secret::generate().expect("random numbers"));
        }
        there = number;
        run(&["init"]);
        let json = run(&["list", "--json"]);
        let list = run(&["list"]);
        let memory = getrusage(UsageWho::RUSAGE_CHILDREN).expect("ours").max_rss() / 1024;
        let doctor = run(&["doctor"]);
        let (enable, disable) = change(number);
        println!(
            "| {number} | {json:.1?} | {list:.1?} | {memory} MiB | {doctor:.1?} | {enable:.1?} | {disable:.1?} |"
        );
        changes.push((enable, disable));
        assert!(json <= LIST && list <= LIST, "a list of {number}");
        assert!(doctor <= DOCTOR, "doctor with {number}");
    }
    let ratio = |of: fn(&(Duration, Duration)) -> Duration| {
        of(&changes[1]).as_secs_f64() / of(&changes[0]).as_secs_f64()
    };
    println!(
        "a thousand times as many: enable {:.2}, disable {:.2}",
        ratio(|it| it.0),
        ratio(|it| it.1)
    );
}

fn user_of(number: u32) -> User {
    let name = UserName::new(&format!("person{number:06}")).expect("a name");
    User { name, uid: FIRST_UID + number }
}

/// Local users with a shell and a password.
fn add_users(from: u32, to: u32) {
    let (mut passwd, mut shadow) = (String::new(), String::new());
    for number in from..to {
        let User { name, uid } = user_of(number);
        writeln!(passwd, "{name}:x:{uid}:{uid}::/nonexistent:/bin/sh").expect("a string");
        writeln!(shadow, "{name}:$6$x$y:20000:0:99999:7:::").expect("a string");
    }
    for (file, more) in [("/etc/passwd", passwd), ("/etc/shadow", shadow)] {
        let before = std::fs::read_to_string(file).expect("this machine's own");
        std::fs::write(file, before + &more).expect("this machine's own");
    }
}

/// How long the command takes, whatever it says.
fn run(arguments: &[&str]) -> Duration {
    let mut command = Command::new(command::path());
    let null = File::options().write(true).open("/dev/null").expect("it is there");
    command.args(arguments).env_remove("SUDO_UID").stdin(Stdio::null()).stdout(null);
    let began = Instant::now();
    let _ = command.stderr(Stdio::null()).status().expect("it runs");
    began.elapsed()
}

/// How long it takes in the middle to enrol somebody and to turn that off again.
fn change(number: u32) -> (Duration, Duration) {
    // Somebody new each time: the first enrolment makes a file.
    let name = |time: usize| format!("newcomer{number}-{time}");
    let mut lines = String::new();
    for time in 0..TIMES {
        writeln!(lines, "{}:x:{}:0::/:/bin/sh", name(time), 3_000_000 + time).expect("a string");
    }
    let before = std::fs::read_to_string("/etc/passwd").expect("this machine's own");
    // At the front, so that finding the name costs the same.
    std::fs::write("/etc/passwd", lines + &before).expect("this machine's own");
    let (mut enable, mut disable) = (Vec::new(), Vec::new());
    for time in 0..TIMES {
        enable.push(enrol(&name(time)));
        disable.push(run(&["disable", "--user", &name(time)]));
    }
    enable.sort_unstable();
    disable.sort_unstable();
    (enable[TIMES / 2], disable[TIMES / 2])
}

fn enrol(name: &str) -> Duration {
    let mut command = Command::new(command::path());
    command.args(["enable", "--json", "--user", name]).env_remove("SUDO_UID");
    let began = Instant::now();
    let mut dialogue = Dialogue::spawn(&mut command);
    let secret = dialogue.line()["secret"].as_str().expect("a key").to_owned();
    let secret = Secret::from_base32(&secret).expect("a key");
    assert_eq!(dialogue.line()["ask"], "code");
    let token = secret.token_at(TimeStep::of(user::now()));
    assert!(Answer::parse(token.as_str().as_bytes()).is_some());
    dialogue.answer(token.as_str());
    let ended = dialogue.end();
    assert_eq!(ended.last()["enabled"], true, "{ended:?}");
    began.elapsed()
}
