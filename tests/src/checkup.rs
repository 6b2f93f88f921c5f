//! A whole, healthy machine for `cloud2fa doctor`, to be broken in one place, and what is found then.

use crate::command::{self, Ended, ended};
use crate::user::{self, Enrolled};
use crate::{machine, slots};
use cloud2fa::{FileStore, Secret};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The built module, where libpam can be told to find it.
pub const MODULE: &str = "/run/pam_cloud2fa.so";
/// The store.
pub const STORE: &str = "/var/lib/cloud2fa";
/// The configuration.
pub const CONFIG: &str = "/etc/cloud2fa/cloud2fa.toml";
/// The socket of the service.
pub const SOCKET: &str = "/run/cloud2fa/socket";
/// sshd's configuration.
pub const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";

/// sshd's PAM file, as far as it is about authentication.
const SSHD_STACK: &str = "@include common-auth\nauth required /run/pam_cloud2fa.so nullok\n";

/// What a healthy machine is made of besides: Debian's own files, kept as they were.
const KEPT: &str = "/run/etc-as-it-was";

/// The machine. Nobody else breaks it meanwhile.
#[derive(Debug)]
pub struct Checkup {
    /// The one user who is enrolled.
    pub alice: Enrolled,
    _alone: MutexGuard<'static, ()>,
}

impl Checkup {
    /// Makes the machine whole. What a test before has broken is made anew.
    pub fn healthy() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        machine::must_be_private();
        // A test that has failed leaves nothing behind that is not made anew.
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        restore_debians_files();
        hide_the_real_clock();
        shell(&format!("mount -o remount,rw {STORE}; chmod 0700 {STORE}"));
        shell(&format!("rm -rf {STORE}/* {STORE}/.store {MODULE}"));
        shell("rm -rf /run/cloud2fa /etc/pam.conf; mkdir -p /run/cloud2fa /run/sshd /etc/cloud2fa");
        fs::copy(machine::module(), MODULE).expect("the module");
        set_mode(MODULE, 0o644);
        fs::copy(machine::workspace().join("conf/pam.d/cloud2fa"), "/etc/pam.d/cloud2fa")
            .expect("the PAM file");
        fs::write(CONFIG, "").expect("the configuration");
        set_mode(CONFIG, 0o644);
        fs::write("/etc/pam.d/sshd", SSHD_STACK).expect("sshd's PAM file");
        set_sshd("");
        // That nobody listens any more is the service's own matter.
        drop(UnixListener::bind(SOCKET).expect("the socket"));
        set_mode(SOCKET, 0o666);
        FileStore::init(Path::new(STORE), 0).expect("a store");
        let secret = Secret::generate().expect("random numbers");
        let alice = user::enrol(Path::new(STORE), user::of_this_machine("alice"), secret);
        Self { alice, _alone: alone }
    }

    /// Writes another value for `key` into alice's record.
    pub fn rewrite(&self, key: &str, value: &str) {
        let path = Path::new(STORE).join("alice.account");
        let (sequence, text) = slots::newest(&fs::read(&path).expect("a record"));
        let slot = slots::seal(slots::FORMAT, sequence + 1, &user::with_value(&text, key, value));
        user::write_private(&path, &[&slot[..], &slot[..]].concat());
    }
}

/// What was found, and the exit status.
#[derive(Debug)]
pub struct Found {
    /// Severity and id of each finding.
    pub findings: Vec<(String, String)>,
    /// What came last.
    pub last: Value,
    /// The exit status.
    pub status: i32,
}

/// Runs `doctor` with these arguments.
pub fn doctor(arguments: &[&str]) -> Ended {
    let mut command = Command::new(command::path());
    command.arg("doctor").args(arguments).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    ended(&mut command)
}

/// Runs `doctor --json`, and takes it apart. Each line must have the documented form.
pub fn look(arguments: &[&str]) -> Found {
    let ended = doctor(&[&["--json"], arguments].concat());
    let lines = ended.output.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
    });
    let mut lines: Vec<_> = lines.collect();
    let last = lines.pop().expect("a last line");
    let text = |line: &Value, key: &str| {
        let text = line[key].as_str().unwrap_or_else(|| panic!("no {key} in {line}"));
        assert!(!text.is_empty(), "{line}");
        text.to_owned()
    };
    let finding = |line: &Value| {
        let about = ["users", "services", "files"].into_iter().filter_map(|key| line.get(key));
        let arrays: Vec<_> = about.map(|it| it.as_array().expect("an array").len()).collect();
        assert!(!arrays.contains(&0), "{line}");
        assert_eq!(line.as_object().expect("an object").len(), 6 + arrays.len(), "{line}");
        assert!(line["accepted"].is_boolean(), "{line}");
        let _ = (text(line, "what"), text(line, "why"), text(line, "fix"));
        (text(line, "severity"), text(line, "id"))
    };
    Found { findings: lines.iter().map(finding).collect(), last, status: ended.status }
}

/// Breaks a machine in one place.
pub type Breakage = fn(&Checkup);

/// The ids of what was found.
pub fn ids(found: &Found) -> BTreeSet<&str> {
    found.findings.iter().map(|(_, id)| id.as_str()).collect()
}

/// Breaks a healthy machine, and looks what is found that was not before: nothing but `expected`.
#[track_caller]
pub fn breaking(what: &str, break_it: impl Fn(&Checkup), expected: &[&str]) {
    let checkup = Checkup::healthy();
    let before = look(&[]);
    assert_eq!((before.status, &before.last["healthy"]), (0, &json!(true)), "{before:?}");
    break_it(&checkup);
    let after = look(&[]);
    let new: BTreeSet<_> = ids(&after).difference(&ids(&before)).copied().collect();
    assert_eq!(new, expected.iter().copied().collect(), "{what}: {after:?}");
    let is_fault = after.findings.iter().any(|(severity, _)| severity != "note");
    let count = |severity| after.findings.iter().filter(|found| found.0 == severity).count();
    let last = json!({
        "healthy": !is_fault,
        "findings": after.findings.len(),
        "critical": count("critical"),
        "warnings": count("warning"),
        "notes": count("note"),
        "accepted": 0,
    });
    assert_eq!((&after.last, after.status), (&last, i32::from(is_fault)), "{what}: {after:?}");
}

/// The same for each row: what is broken, how, and what is found.
pub fn all(rows: &[(&str, Breakage, &[&str])]) {
    for (what, break_it, expected) in rows {
        breaking(what, break_it, expected);
    }
}

/// sshd's configuration: these settings, and those of a healthy machine, over which they win.
pub fn set_sshd(settings: &str) {
    let key = "/run/sshd/host_key";
    if !Path::new(key).exists() {
        let ssh_keygen = machine::program("ssh-keygen", "openssh-client");
        shell(&format!("{} -q -t ed25519 -N '' -f {key}", ssh_keygen.display()));
    }
    let usual = format!(
        "HostKey {key}\nUsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n\
         AuthenticationMethods publickey,keyboard-interactive:pam keyboard-interactive:pam\n"
    );
    // The first value of a keyword is the one that counts; a Match block must come last (sshd_config(5)).
    let (match_block, settings) =
        if settings.starts_with("Match") { (settings, "") } else { ("", settings) };
    fs::write(SSHD_CONFIG, format!("{settings}\n{usual}\n{match_block}\n"))
        .expect("sshd's configuration");
}

/// Writes a file of /etc/pam.d.
pub fn set_service(name: &str, lines: &[&str]) {
    fs::write(Path::new("/etc/pam.d").join(name), lines.join("\n") + "\n").expect("a PAM file");
}

/// Changes a file's mode.
pub fn set_mode(path: &str, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
}

/// Puts back what a test may have changed in /etc.
fn restore_debians_files() {
    let files = "pam.d ssh default systemd shells passwd shadow group";
    if !Path::new(KEPT).exists() {
        shell(&format!("mkdir {KEPT}; cd /etc; cp -a --parents {files} {KEPT}"));
        shell(&format!("rm -rf {KEPT}/ssh/sshd_config.d"));
    }
    shell(&format!("cd /etc; rm -rf pam.d ssh default systemd; cp -a {KEPT}/. ."));
}

/// Whether the real machine's clock is kept right is no matter of a test: a chrony that runs there
/// would answer over the network. systemd is not to be reached from here.
fn hide_the_real_clock() {
    let chronyc = "/usr/bin/chronyc";
    shell(&format!(
        "if [ -x {chronyc} ] && {chronyc} -v; then mount --bind /bin/false {chronyc}; fi"
    ));
}

/// Runs a script that must work.
pub fn shell(script: &str) {
    let status = Command::new("/bin/sh").args(["-ec", script]).status();
    assert!(status.expect("sh starts").success(), "{script}");
}
