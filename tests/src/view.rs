//! A login in a mount namespace of its own: it sees another machine than the service does, as a
//! program in a sandbox may. It is root's, unless its script says otherwise.

use crate::host_process::HostProcess;
use crate::{machine, syslog};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The module and the program `pam_host`, where users can read them.
const MODULE: &str = "/run/views/pam_cloud2fa.so";
const PAM_HOST: &str = "/run/views/pam_host";

/// A login that sees the machine so.
#[derive(Debug)]
pub struct View {
    /// What root does in the namespace before.
    script: String,
    services: TempDir,
    /// The PAM service's name, which log lines can be told apart by.
    service: String,
}

/// How a login ended.
#[derive(Debug)]
pub struct Seen {
    /// The code's name.
    pub code: String,
    /// Whether a code was asked for.
    pub asked: bool,
    /// How long it took.
    pub took: Duration,
    /// The module's line in the log.
    pub line: String,
}

impl View {
    /// `pam_host` is the program's path; `service` no other view of this process has; `script` is
    /// a shell's. The module stands in the stack with `arguments`, and nothing else refuses.
    pub fn new(pam_host: &str, service: &str, script: &str, arguments: &str) -> Self {
        static PUBLISHED: Once = Once::new();
        machine::must_be_private();
        syslog::listen();
        PUBLISHED.call_once(|| {
            publish(&machine::module(), MODULE);
            publish(Path::new(pam_host), PAM_HOST);
        });
        let services = tempfile::tempdir().expect("a directory");
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(services.path(), readable).expect("ours");
        let stack = format!("auth required {MODULE} {arguments}\nauth required pam_permit.so\n");
        std::fs::write(services.path().join(service), stack).expect("writable");
        Self { script: script.to_owned(), services, service: service.to_owned() }
    }

    /// Logs `user` in with one answer.
    pub fn login(&self, user: &str, answer: &str) -> Seen {
        let begun = Instant::now();
        let script = format!("{}\nexec \"$@\"", self.script);
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "/bin/sh", "-ec", &script, "sh"]);
        command.arg(PAM_HOST).arg(self.services.path()).args([&self.service, user]);
        let mut host = HostProcess::run(&mut command);
        host.answer(answer);
        let (said, _) = host.finish();
        let code = said.iter().find_map(|line| line.strip_prefix("code "));
        let code = code.unwrap_or_else(|| panic!("{self:?}: the login did not end: {said:?}"));
        let lines = syslog::lines_of(&self.service);
        let line = lines.last().expect("a line for each decision").message().to_owned();
        let asked = said.iter().any(|line| line.starts_with("ask "));
        Seen { code: code.to_owned(), asked, took: begun.elapsed(), line }
    }
}

/// Copies a file by another program: no process that is started meanwhile has it open for
/// writing, with which it could not be run.
fn publish(file: &Path, to: &str) {
    let status = Command::new("install").args(["-D", "-m", "0755"]).arg(file).arg(to).status();
    assert!(status.expect("install starts (package coreutils)").success(), "{}", file.display());
}

/// A script's line: the login is of the user of that uid.
pub fn as_user(uid: u32) -> String {
    format!("set -- setpriv --reuid {uid} --regid {uid} --clear-groups -- \"$@\"")
}

/// A script's line: `directory` is seen in the place of `there`.
pub fn bind(directory: &Path, there: &str) -> String {
    format!("mount --bind '{}' {there}", directory.display())
}

/// A new directory for a view, which goes away with the machine.
pub fn directory(name: &str) -> PathBuf {
    let path = Path::new("/run/views").join(name);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}
