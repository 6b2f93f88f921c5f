//! One who floods a socket, as an ordinary user of the machine: this program, started once more.

use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::processes::descendants;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use nix::unistd::{Pid, User, chroot, seteuid, setgid, setgroups, setuid};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

/// The word that makes this program the one who floods.
pub const COMMAND: &str = "flood";

/// The first of the uids that a user has for containers, as useradd(8) gives them to the first user.
const SUBORDINATE: u32 = 100_000;

/// What is done again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flood {
    /// So many connections are held, and not made again.
    Held(usize),
    /// A call and half a call on each; whoever is hung up on connects again.
    Again(usize),
    /// Each is closed and made again, without pause.
    Remade,
    /// Likewise, with half a message, behind which nothing comes.
    HalfOpen,
    /// Likewise, by 500 uids that nobody has.
    Subordinate,
}

impl Flood {
    const ALL: [(Self, &str); 4] = [
        (Self::Again(1000), "again"),
        (Self::Remade, "remade"),
        (Self::HalfOpen, "half-open"),
        (Self::Subordinate, "subordinate"),
    ];

    fn word(self) -> String {
        match self {
            Self::Held(count) => count.to_string(),
            _ => Self::ALL.iter().find(|(flood, _)| *flood == self).expect("its word").1.to_owned(),
        }
    }

    fn of(word: &str) -> Self {
        let known = Self::ALL.iter().find(|(_, its)| *its == word).map(|(flood, _)| *flood);
        known.unwrap_or_else(|| Self::Held(word.parse().expect("a number")))
    }

    fn count(self) -> usize {
        match self {
            Self::Held(count) | Self::Again(count) => count,
            Self::Remade | Self::HalfOpen => 200,
            Self::Subordinate => 500,
        }
    }

    /// What is sent at once.
    fn bytes(self, user: &str) -> String {
        let call = format!(
            "{{\"method\":\"io.cloud2fa.GetStatus\",\"parameters\":{{\"user\":\"{user}\"}}}}\0"
        );
        match self {
            Self::Held(1) => call,
            Self::Held(_) => String::new(),
            _ => call + "{\"method\":",
        }
    }
}

/// Somebody who floods; over when dropped.
pub struct Flooder(Child);

impl Flooder {
    /// Starts this program as that user of the machine; waits until it has gone round once.
    pub fn come(machine: &Machine, user: &str, socket: &str, flood: Flood) -> Self {
        machine.add_user(user);
        let init = machine.init().to_string();
        let own = std::env::current_exe().expect("this program");
        let mut child = Command::new("nsenter")
            .args(["--target", &init, "--pid", "--"])
            .arg(own)
            .args([COMMAND, &machine.root(), user, socket, &flood.word()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("nsenter starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "flooding\n");
        Self(child)
    }
}

impl Drop for Flooder {
    fn drop(&mut self) {
        for pid in descendants(self.0.id()).into_iter().chain([self.0.id()]) {
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// A socket in the machine that listens and is never looked at, with the queue of the service's.
pub fn listen_for_nothing(machine: &Machine, path: &str) -> UnixListener {
    let path = format!("{}{path}", machine.root());
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).expect("a directory");
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(&path, everybody).expect("its mode");
    assert!(Path::new(&path).exists());
    listener
}

/// As that user in the machine whose files are at `root`, until this process is ended.
pub fn flood(root: &str, user: &str, socket: &str, word: &str) -> ExitCode {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("up to the hard one");
    chroot(root).expect("root");
    let flood = Flood::of(word);
    let entry = User::from_name(user).ok().flatten().expect("a user of the machine");
    setgroups(&[]).and_then(|()| setgid(entry.gid)).expect("root");
    if flood != Flood::Subordinate {
        setuid(entry.uid).expect("root");
    }
    let (bytes, address) = (flood.bytes(user), UnixAddr::new(socket).expect("a path"));
    let new = |number: usize| {
        if flood == Flood::Subordinate {
            let uid = SUBORDINATE + u32::try_from(number).expect("few");
            seteuid(0.into()).and_then(|()| seteuid(uid.into())).expect("root");
        }
        open(&address, &bytes, flood)
    };
    let mut streams: Vec<_> = (0..flood.count()).map(new).collect();
    if flood == Flood::Held(1) {
        let stream = streams[0].as_mut().expect("a connection");
        stream.set_nonblocking(false).expect("a socket");
        assert!(stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0), "no answer");
    }
    println!("flooding");
    loop {
        for (number, stream) in streams.iter_mut().enumerate() {
            let is_over = match flood {
                Flood::Held(_) => false,
                Flood::Again(_) => stream.as_mut().is_none_or(has_hung_up),
                Flood::Remade | Flood::HalfOpen | Flood::Subordinate => true,
            };
            if is_over {
                *stream = new(number);
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A connection. `None` if the queue is full.
fn open(address: &UnixAddr, bytes: &str, flood: Flood) -> Option<UnixStream> {
    let is_held = matches!(flood, Flood::Held(_));
    let flags = if is_held { SockFlag::empty() } else { SockFlag::SOCK_NONBLOCK };
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None).expect("a socket");
    match connect(socket.as_raw_fd(), address) {
        Err(Errno::EAGAIN) => return None,
        outcome => outcome.expect("somebody listens"),
    }
    let mut stream = UnixStream::from(socket);
    let _ = stream.write_all(bytes.as_bytes());
    if flood == Flood::HalfOpen {
        let _ = stream.shutdown(Shutdown::Write);
    }
    Some(stream)
}

fn has_hung_up(stream: &mut UnixStream) -> bool {
    match stream.read(&mut [0; 4096]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}
