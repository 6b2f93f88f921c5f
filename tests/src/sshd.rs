//! A real sshd on a free port of the loopback, and the real client at a terminal.

use crate::processes::{wait_for, with_stacks};
use crate::pty::Pty;
use crate::{Fixture, machine};
use std::fmt::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Debian's stack for sshd, with the second factor behind the password.
pub const PASSWORD_THEN_CODE: &[&str] = &["@include common-auth", "auth required MODULE CONFIG"];

/// What a session runs that was let in. The terminal shows [`LET_IN`], which is not in what was typed.
const COMMAND: &str = "echo let $((1 + 1)) in";
/// See [`COMMAND`].
pub const LET_IN: &str = "let 2 in";

const NO_PENALTIES: &str = "PerSourcePenalties no\n";

/// A running sshd, whose PAM service is the fixture's file `sshd`. Stopped when dropped.
#[derive(Debug)]
pub struct Sshd {
    server: Child,
    port: u16,
    directory: PathBuf,
}

impl Sshd {
    /// Starts one with the auth lines `stack`, and with `options` in its configuration, which
    /// win over what stands there else.
    pub fn start(fixture: &Fixture, stack: &[&str], options: &[&str]) -> Self {
        let rest = ["account required pam_unix.so", "session required pam_permit.so"];
        fixture.set_service("sshd", &[stack, &rest].concat());
        let directory = tempfile::tempdir_in(fixture.path()).expect("a directory").keep();
        make_key(&directory.join("host_key"));
        // Somebody else may take the free port in between.
        let mut tries = (0..10).filter_map(|_| Self::on_a_free_port(fixture, &directory, options));
        tries.next().expect("one of ten free ports stays free")
    }

    /// One on a port that is free now. `None` if somebody else has taken it before sshd.
    fn on_a_free_port(fixture: &Fixture, directory: &Path, options: &[&str]) -> Option<Self> {
        let port = free_port();
        let config = directory.join("sshd_config");
        std::fs::write(&config, configuration(directory, port, options)).expect("writable");
        let (config, log) = (config.to_string_lossy(), directory.join("log"));
        std::fs::write(&log, "").expect("writable");
        // sshd runs itself again for each connection, so its path is absolute.
        let server = program();
        let words = [&server.to_string_lossy(), "-D", "-f", &config, "-E", &log.to_string_lossy()];
        let words = with_stacks(fixture, &["sshd"], &words);
        let server = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).spawn();
        let server = server.expect("unshare starts");
        let mut started = Self { server, port, directory: directory.to_owned() };
        if started.listens() {
            return Some(started);
        }
        assert!(started.log().contains("Address already in use"), "sshd does not start");
        None
    }

    /// The client of `user`, asked for one round of prompts only.
    pub fn connect(&self, user: &str) -> Pty {
        self.connect_with(user, &[])
    }

    /// The client with options that win over the usual ones.
    pub fn connect_with(&self, user: &str, options: &[&str]) -> Pty {
        Pty::start(&self.client(user, options))
    }

    /// The client's command line.
    pub fn client(&self, user: &str, options: &[&str]) -> Vec<String> {
        let ssh = machine::program("ssh", "openssh-client");
        client(&ssh.to_string_lossy(), self.port, user, options)
    }

    /// A new key pair; logs in every user that the option `AuthorizedKeysFile=` names it for.
    pub fn key(fixture: &Fixture) -> PathBuf {
        let key = fixture.path().join("user_key");
        make_key(&key);
        key
    }

    /// The server's process.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// What sshd itself has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Waits until it says that it listens: at the port alone somebody else may answer. Says
    /// whether it does, or has ended.
    fn listens(&mut self) -> bool {
        let says = format!("Server listening on {} port {}.", Ipv4Addr::LOCALHOST, self.port);
        wait_for("sshd", || {
            let has_ended = self.server.try_wait().expect("a child of ours").is_some();
            let listens = self.log().contains(&says);
            (listens || has_ended).then_some(listens)
        })
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("sshd's log:\n{}", self.log());
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The command line of the client `ssh`, which asks for one round of prompts only. `options` win
/// over the usual ones.
pub fn client(ssh: &str, port: u16, user: &str, options: &[&str]) -> Vec<String> {
    let usual = [
        "PreferredAuthentications=keyboard-interactive",
        "NumberOfPasswordPrompts=1",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        "IdentityAgent=none",
    ];
    let port = port.to_string();
    let mut words = [ssh, "-tt", "-F", "none", "-p", &port].map(str::to_owned).to_vec();
    // The first value of an option is the one that counts (ssh_config(5)).
    for option in options.iter().chain(&usual) {
        words.extend(["-o".to_owned(), (*option).to_owned()]);
    }
    words.extend([format!("{user}@{}", Ipv4Addr::LOCALHOST), COMMAND.to_owned()]);
    words
}

fn program() -> PathBuf {
    machine::program("sshd", "openssh-server")
}

/// Whether this sshd has penalties, which would shut out a test that fails often (since OpenSSH 9.8).
fn has_penalties(directory: &Path) -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let config = directory.join("with_penalties");
        let host_key = directory.join("host_key");
        let text = format!("HostKey {}\n{NO_PENALTIES}", host_key.display());
        std::fs::write(&config, text).expect("writable");
        let checked = Command::new(program()).args(["-t", "-f"]).arg(&config).output();
        checked.expect("sshd starts").status.success()
    })
}

fn configuration(directory: &Path, port: u16, options: &[&str]) -> String {
    // The first value of a keyword is the one that counts (sshd_config(5)).
    let mut text = options.join("\n") + "\n";
    let host_key = directory.join("host_key");
    // StrictModes: the keys of the test lie below a directory like /tmp.
    let usual = "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\nPidFile none\nLogLevel VERBOSE\n\
                 AuthenticationMethods keyboard-interactive\nUseDNS no\nStrictModes no\nPrintMotd no\nPrintLastLog no\n";
    if has_penalties(directory) {
        text += NO_PENALTIES;
    }
    write!(text, "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\n{usual}", host_key.display())
        .expect("a string");
    text
}

fn make_key(path: &Path) {
    let made = Command::new(machine::program("ssh-keygen", "openssh-client"))
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status();
    assert!(made.expect("ssh-keygen starts").success());
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound").port()
}
