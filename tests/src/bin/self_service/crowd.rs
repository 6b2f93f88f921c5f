//! Many connections at once, and what one takes.

use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::processes::{descendants, status_field, wait_for};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chroot, setgid, setgroups, setuid};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The word that makes this program the one who floods.
pub const COMMAND: &str = "flood";

/// Connections that are hung up on are not made again.
const HELD: &str = "held";
/// They are, without pause.
const AGAIN: &str = "again";

/// Who wants to be served meanwhile.
const SOMEBODY_ELSE: &str = "greta";

const SOCKET: &str = "/run/cloud2fa/socket";
const CROWD: usize = 1000;

/// How long the flood goes on at least.
const FLOOD: Duration = Duration::from_secs(6);

/// How long it goes on while nobody else is served: who is slow is not refused for ever.
const FLOOD_AT_MOST: Duration = Duration::from_secs(120);

/// MaxConnections= of the socket unit.
const MOST: usize = 64;

/// A connection's process may take so much memory of its own.
const MOST_KIB: u64 = 6 * 1024;

/// Until everybody is served again, on a machine that has much else to do.
const SOON: Duration = Duration::from_secs(60);

pub fn memory_of_one(machine: &Machine) {
    let crowd = Crowd::come(machine, "flora", 1, HELD);
    // It has read the password file, the configuration and the store when it has answered.
    let pid = wait_for("a process", || instances(machine).first().copied());
    let own = private_kib(pid).expect("it runs");
    let most = status_field(pid, "VmHWM").expect("it runs");
    println!("    its own: {own} KiB; with all that it shares with others, at most: {most}");
    println!("    the unit: {}", memory_of_unit(machine));
    assert!(own < MOST_KIB);
    drop(crowd);
    wait_for("its end", || instances(machine).is_empty().then_some(()));
}

pub fn thousand(machine: &Machine) {
    let crowd = Crowd::come(machine, "fritz", CROWD, HELD);
    let (served, refused) = meanwhile(machine, |served, refused| served > refused);
    assert!(served > refused, "somebody else was not served");
    drop(crowd);
    is_as_before(machine);
}

pub fn thousand_again_and_again(machine: &Machine) {
    let crowd = Crowd::come(machine, "fritz", CROWD, AGAIN);
    // systemd 252 does not count by user (conf/cloud2fad.socket).
    let is_expected = machine.suite != "bookworm";
    let (served, _) = meanwhile(machine, |served, _| served > 0 || !is_expected);
    assert!(served > 0 || !is_expected, "nobody else was served");
    drop(crowd);
    is_as_before(machine);
}

/// How often somebody else is served while there is a crowd, and how often not; until that is enough.
fn meanwhile(machine: &Machine, is_enough: impl Fn(u32, u32) -> bool) -> (u32, u32) {
    let began = Instant::now();
    let (mut served, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    let is_over = AtomicBool::new(false);
    let (most, most_kib) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watch(machine, &is_over));
        while began.elapsed() < FLOOD
            || !is_enough(served, refused) && began.elapsed() < FLOOD_AT_MOST
        {
            let asked = Instant::now();
            if machine.asks_once(SOMEBODY_ELSE, &["status"]).1 {
                served += 1;
            } else {
                refused += 1;
            }
            slowest = slowest.max(asked.elapsed());
        }
        is_over.store(true, Ordering::Relaxed);
        watching.join().expect("it watches")
    });
    let slowest = slowest.as_secs_f64();
    println!(
        "    somebody else: served {served} times, refused {refused} times, within {slowest:.1} s"
    );
    println!("    processes at once: at most {most}, with {most_kib} KiB of their own");
    assert!(most <= MOST && most_kib <= MOST_KIB * MOST as u64);
    (served, refused)
}

/// After a crowd everybody is served, and nothing is left of it.
fn is_as_before(machine: &Machine) {
    let over = Instant::now();
    while !machine.asks_once(SOMEBODY_ELSE, &["status"]).1 {
        assert!(over.elapsed() < SOON, "nobody is served afterwards");
    }
    println!("    afterwards: served within {:.1} s", over.elapsed().as_secs_f64());
    machine.must(&["systemctl", "is-active", "--quiet", "cloud2fad.socket"]);
    wait_for("all processes gone", || instances(machine).is_empty().then_some(()));
    let list = ["systemctl", "list-units", "--failed", "--plain", "--no-legend", "cloud2fad*"];
    assert_eq!(machine.must(&list), "");
}

/// The most processes there are until it is over, and the most memory that they have.
fn watch(machine: &Machine, is_over: &AtomicBool) -> (usize, u64) {
    let (mut most, mut most_kib) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        let instances = instances(machine);
        most = most.max(instances.len());
        most_kib = most_kib.max(instances.into_iter().filter_map(private_kib).sum());
        std::thread::sleep(Duration::from_millis(20));
    }
    (most, most_kib)
}

/// Connections of an ordinary user; gone when dropped.
struct Crowd(Child);

impl Crowd {
    /// Starts this program as that user of the machine; waits until its connections are there.
    fn come(machine: &Machine, user: &str, count: usize, how: &str) -> Self {
        machine.add_user(user);
        machine.add_user(SOMEBODY_ELSE);
        let (init, count) = (machine.init().to_string(), count.to_string());
        let own = std::env::current_exe().expect("this program");
        // Its number must be one of the machine's: systemd 257 looks.
        let mut child = Command::new("nsenter")
            .args(["--target", &init, "--pid", "--"])
            .arg(own)
            .args([COMMAND, &machine.root(), user, &count, how])
            .stdout(Stdio::piped())
            .spawn()
            .expect("nsenter starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert!(line.starts_with("connections: "), "no connections");
        println!("    {}", line.trim());
        Self(child)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for pid in descendants(self.0.id()).into_iter().chain([self.0.id()]) {
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// As that user in the machine whose files are at `root`: so many connections, each with a call
/// and half a call on it, until this process is ended. With [`AGAIN`] there is a new one for each
/// that is hung up on.
pub fn flood(root: &str, user: &str, count: &str, how: &str) -> ExitCode {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("up to the hard one");
    chroot(root).expect("root");
    let entry = User::from_name(user).ok().flatten().expect("a user of the machine");
    setgroups(&[]).and_then(|()| setgid(entry.gid)).expect("root");
    setuid(entry.uid).expect("root");
    let calls = format!(
        "{{\"method\":\"io.cloud2fa.GetStatus\",\"parameters\":{{\"user\":\"{user}\"}}}}\0{{\"method\":"
    );
    let began = Instant::now();
    let count: usize = count.parse().expect("a number");
    let mut streams: Vec<_> = (0..count).map(|_| connect(&calls)).collect();
    if count == 1 {
        assert!(streams[0].read(&mut [0; 4096]).is_ok_and(|length| length > 0), "no answer");
    }
    println!("connections: {count}, made in {:.1} s", began.elapsed().as_secs_f64());
    for stream in &streams {
        stream.set_nonblocking(true).expect("a socket");
    }
    loop {
        for stream in &mut streams {
            if has_hung_up(stream) && how == AGAIN {
                *stream = connect(&calls);
                stream.set_nonblocking(true).expect("a socket");
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A connection. Waits where the queue is full.
fn connect(calls: &str) -> UnixStream {
    let mut stream = UnixStream::connect(SOCKET).expect("the socket unit listens");
    let _ = stream.write_all(calls.as_bytes());
    stream
}

fn has_hung_up(stream: &mut UnixStream) -> bool {
    match stream.read(&mut [0; 4096]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// The service's processes in the machine.
fn instances(machine: &Machine) -> Vec<u32> {
    let is_it = |pid: &u32| status_field(*pid, "Name").as_deref() == Some("cloud2fad");
    descendants(machine.init()).into_iter().filter(is_it).collect()
}

/// What only this process has in memory; nothing where it is gone.
fn private_kib(pid: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let field = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    Some(private.filter_map(field).sum())
}

/// What systemd counts for the unit of the only instance, where it counts.
fn memory_of_unit(machine: &Machine) -> String {
    machine
        .script(
            "unit=$(systemctl list-units --plain --no-legend 'cloud2fad@*' | cut -d ' ' -f 1)
         systemctl show -p MemoryCurrent \"$unit\"
         cd /sys/fs/cgroup/$(systemctl show -P ControlGroup \"$unit\")
         [ ! -e memory.peak ] || echo \"peak $(cat memory.peak)\"",
        )
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
