//! Many connections at once: what they cost others, and what one takes.

use crate::flood::{Flood, Flooder, listen_for_nothing};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::logins::{ssh, sshd_asks};
use cloud2fa_tests::processes::{descendants, status_field, wait_for};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Who floods, and who wants to be served meanwhile.
const FLOODER: &str = "fritz";
const SOMEBODY_ELSE: &str = "greta";

const SOCKET: &str = "/run/cloud2fa/socket";

/// A socket that nobody serves: what a flood costs by itself.
const NOBODYS: &str = "/run/nobodys";

/// How often somebody else does something beside a flood, and how often the flood comes anew.
const TIMES: usize = 2;
const TURNS: usize = 4;

/// And for the figures.
const FIGURES: usize = 20;

/// Within this time somebody else is served, or, on a machine that has much else to do, within so many times
/// what the same takes at most beside the same flood at a socket that nobody serves.
const SERVED_WITHIN: Duration = Duration::from_secs(2);
/// Likewise.
const MOST_TIMES: u32 = 5;

/// Lines in the journal that a flood may cause in a minute.
const MOST_LINES: usize = 100;

/// A process may take so much memory of its own.
const MOST_KIB: u64 = 6 * 1024;

/// Places of one user.
const PLACES: usize = 4;

/// Until everybody is served again, on a machine that has much else to do.
const SOON: Duration = Duration::from_secs(60);

pub fn memory_of_one(machine: &Machine) {
    let flooder = Flooder::come(machine, "flora", SOCKET, Flood::Held(1));
    // It has read the password file, the configuration and the store when it has answered.
    let pid = wait_for("a process", || serving(machine).first().copied());
    let own = private_kib(pid).expect("it runs");
    let most = status_field(pid, "VmHWM").expect("it runs");
    println!("    its own: {own} KiB; with all that it shares with others, at most: {most}");
    println!("    the unit: {}", memory_of_unit(machine));
    assert!(own < MOST_KIB);
    drop(flooder);
    wait_for("its end", || serving(machine).is_empty().then_some(()));
}

/// A unit that is started with the first connection is in the way of nobody, and each connection has its
/// own process.
pub fn one_instance(machine: &Machine) {
    machine.script("systemctl stop cloud2fad.service; systemctl is-active cloud2fad.socket");
    machine.add_user(SOMEBODY_ELSE);
    let since = machine.journal_cursor();
    for _ in 0..20 {
        let (said, is_served) = machine.asks(SOMEBODY_ELSE, &["status"]);
        assert!(is_served, "{said}");
    }
    assert_eq!(starts(machine, &since), 1);
}

pub fn thousand(machine: &Machine) {
    beside(machine, Flood::Held(1000), PLACES);
}

pub fn thousand_again_and_again(machine: &Machine) {
    beside(machine, Flood::Again(1000), PLACES);
}

pub fn remade_without_pause(machine: &Machine) {
    beside(machine, Flood::Remade, PLACES);
}

pub fn half_open(machine: &Machine) {
    beside(machine, Flood::HalfOpen, PLACES);
}

pub fn by_subordinate_uids(machine: &Machine) {
    subordinate_uids(machine);
    beside(machine, Flood::Subordinate, 1);
}

/// As useradd(8) gives them.
fn subordinate_uids(machine: &Machine) {
    machine.add_user(FLOODER);
    let line = format!("{FLOODER}:100000:65536");
    machine.script(&format!("grep -qx {line} /etc/subuid || echo {line} >>/etc/subuid"));
}

/// What others notice of a flood, by whose uids so many are served at a time: in turn beside a socket that
/// nobody serves and beside the service, so that whatever else the machine does falls on both alike.
fn beside(machine: &Machine, flood: Flood, places: usize) {
    machine.add_user(SOMEBODY_ELSE);
    machine.add_user(FLOODER);
    let (mut control, mut times) = (Times::default(), Times::default());
    let (mut most, mut most_kib, mut lasted) = (0, 0, Duration::ZERO);
    let since = machine.journal_cursor();
    for _ in 0..TURNS {
        let nobody = listen_for_nothing(machine, NOBODYS);
        let flooder = Flooder::come(machine, FLOODER, NOBODYS, flood);
        control.add(machine);
        drop((flooder, nobody));

        let (began, is_over) = (Instant::now(), AtomicBool::new(false));
        let flooder = Flooder::come(machine, FLOODER, SOCKET, flood);
        let seen = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(machine, &is_over));
            times.add(machine);
            is_over.store(true, Ordering::Relaxed);
            watching.join().expect("it watches")
        });
        (most, most_kib) = (most.max(seen.0), most_kib.max(seen.1));
        lasted += began.elapsed();
        drop(flooder);
    }
    println!("    somebody else's, beside a socket that nobody serves: {}", control.told());
    println!("    beside the service: {}", times.told());
    println!("    processes at once: at most {most}, with {most_kib} KiB of their own");
    // Somebody else's is one more, and one that ends another.
    assert!(most <= places + 2, "{most} processes");
    assert!(most_kib <= MOST_KIB * (places as u64 + 2));
    for (what, times, control) in
        [("status", &times.status, &control.status), ("su", &times.su, &control.su)]
    {
        // The slowest with the slowest: on a busy machine that is what varies most.
        let most = SERVED_WITHIN.max(MOST_TIMES * *control.iter().max().expect("some"));
        assert!(times.iter().all(|took| *took <= most), "{what}: {times:?}, beside {control:?}");
    }
    is_as_before(machine);
    is_hardly_heard_of(machine, &since, lasted);
}

/// A flood that has lasted so long has left few lines, and has not had the service started again and again.
fn is_hardly_heard_of(machine: &Machine, since: &str, lasted: Duration) {
    let lines = ours(machine, since);
    let minutes = lasted.as_secs_f64() / 60.0;
    println!("    {} lines of the service in {:.0} s", lines, lasted.as_secs_f64());
    // A flood's first lines are the same in a short time as in a minute.
    #[allow(clippy::cast_precision_loss)]
    let most = MOST_LINES as f64 * minutes.max(1.0);
    #[allow(clippy::cast_precision_loss)]
    let lines = lines as f64;
    assert!(lines < most, "{lines} lines");
    assert!(starts(machine, since) <= 1, "systemd has started the service again and again");
}

/// What a flood adds to another user's logins: in turn beside the service and beside a socket that nobody
/// serves, twenty times each.
pub fn figures(machine: &Machine) {
    machine.add_user(SOMEBODY_ELSE);
    subordinate_uids(machine);
    sshd_asks(machine);
    println!("| flood | `su -` | ssh | `cloud2fa status` at most |\n|---|---:|---:|---:|");
    for (what, flood) in [
        ("1000 connections held", Flood::Held(1000)),
        ("1000, made again when hung up on", Flood::Again(1000)),
        ("200, remade without pause", Flood::Remade),
        ("200, half open", Flood::HalfOpen),
        ("500 uids of a user's for containers", Flood::Subordinate),
    ] {
        let (mut beside, mut control, mut status) = ([vec![], vec![]], [vec![], vec![]], vec![]);
        for _ in 0..FIGURES {
            let nobody = listen_for_nothing(machine, NOBODYS);
            let flooder = Flooder::come(machine, FLOODER, NOBODYS, flood);
            add_logins(machine, &mut control);
            drop((flooder, nobody));
            let flooder = Flooder::come(machine, FLOODER, SOCKET, flood);
            add_logins(machine, &mut beside);
            let began = Instant::now();
            let (said, is_served) = machine.asks(SOMEBODY_ELSE, &["status"]);
            assert!(is_served, "{said}");
            status.push(began.elapsed());
            drop(flooder);
        }
        let ratio = |kind: usize| {
            let (there, here) = (median(&control[kind]), median(&beside[kind]));
            format!("{:.2} ({:.0} ms)", here.as_secs_f64() / there.as_secs_f64(), millis(here))
        };
        let most = status.iter().max().expect("some");
        println!("| {what} | {} | {} | {:.0} ms |", ratio(0), ratio(1), millis(*most));
    }
}

/// How long somebody else's su and ssh take.
fn add_logins(machine: &Machine, times: &mut [Vec<Duration>; 2]) {
    let began = Instant::now();
    machine.must(&["su", "-", SOMEBODY_ELSE, "-c", "true"]);
    times[0].push(began.elapsed());
    let began = Instant::now();
    let (is_let_in, shown) = ssh(machine, SOMEBODY_ELSE, None);
    assert!(is_let_in, "{shown}");
    times[1].push(began.elapsed());
}

/// What somebody else does, and how long each takes.
#[derive(Default)]
struct Times {
    status: Vec<Duration>,
    su: Vec<Duration>,
}

impl Times {
    /// Some more of each.
    fn add(&mut self, machine: &Machine) {
        for _ in 0..TIMES {
            let began = Instant::now();
            let (said, is_served) = machine.asks(SOMEBODY_ELSE, &["status"]);
            assert!(is_served, "{said}");
            self.status.push(began.elapsed());
            let began = Instant::now();
            machine.must(&["su", "-", SOMEBODY_ELSE, "-c", "true"]);
            self.su.push(began.elapsed());
        }
    }

    fn told(&self) -> String {
        let of = |times| {
            let all: &Vec<Duration> = times;
            let most = all.iter().max().expect("some");
            format!("{:.0} ms, at most {:.0}", millis(median(all)), millis(*most))
        };
        format!("status {}; su {}", of(&self.status), of(&self.su))
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

/// After a crowd everybody is served, and nothing is left of it.
fn is_as_before(machine: &Machine) {
    let over = Instant::now();
    let (said, is_served) = machine.asks(SOMEBODY_ELSE, &["status"]);
    assert!(is_served && over.elapsed() < SOON, "{said}");
    machine.must(&["systemctl", "is-active", "--quiet", "cloud2fad.socket"]);
    wait_for("all processes gone", || serving(machine).is_empty().then_some(()));
    let list = ["systemctl", "list-units", "--failed", "--plain", "--no-legend", "cloud2fad*"];
    assert_eq!(machine.must(&list), "");
}

/// How often systemd has started the service.
fn starts(machine: &Machine, since: &str) -> usize {
    let journal = machine.journal_since(since);
    journal.lines().filter(|line| line.contains("Started cloud2fad.service")).count()
}

/// Lines of the service, and about it.
fn ours(machine: &Machine, since: &str) -> usize {
    let journal = machine.journal_since(since);
    journal.lines().filter(|line| line.contains("cloud2fad")).count()
}

/// The most processes that serve until it is over, and the most memory that they have.
fn watch(machine: &Machine, is_over: &AtomicBool) -> (usize, u64) {
    let (mut most, mut most_kib) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        let serving = serving(machine);
        most = most.max(serving.len());
        most_kib = most_kib.max(serving.into_iter().filter_map(private_kib).sum());
        std::thread::sleep(Duration::from_millis(20));
    }
    (most, most_kib)
}

/// The processes that serve a connection.
fn serving(machine: &Machine) -> Vec<u32> {
    let is_it = |pid: &u32| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|said| said.starts_with(b"cloud2fad\0uid="))
    };
    descendants(machine.init()).into_iter().filter(is_it).collect()
}

/// What only this process has in memory. `None` if it is gone.
fn private_kib(pid: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let field = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    Some(private.filter_map(field).sum())
}

/// What systemd counts for the unit, where it counts.
fn memory_of_unit(machine: &Machine) -> String {
    machine
        .script(
            "systemctl show -p MemoryCurrent cloud2fad.service
         cd /sys/fs/cgroup/$(systemctl show -P ControlGroup cloud2fad.service)
         [ ! -e memory.peak ] || echo \"peak $(cat memory.peak)\"",
        )
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
