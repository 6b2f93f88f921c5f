//! What setup needs of the system: a clock that nobody can set, sessions, systemd, sshd.

use super::engine::Reload;
use super::files::program;
use super::service::Service;
use crate::input;
use crate::language::WORDS;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::time::{ClockId, clock_gettime};
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

/// The unit that waits for the proof, or takes back.
pub const WATCH: &str = "cloud2fa-setup.service";

/// The unit that takes back after a boot what nobody had confirmed before it.
pub const AT_BOOT: &str = "cloud2fa-setup-boot.service";

/// Where logind keeps its sessions, a file each.
const SESSIONS: &str = "/run/systemd/sessions";

/// A session that logind knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: String,
    /// Whose.
    pub user: String,
    /// The PAM service that it began with.
    pub service: String,
    /// When it was seen first, on the clock of [`boot_time`].
    pub seen: u64,
}

/// Seconds since the machine was started. Sleep counts, and no clock that is set (`CLOCK_BOOTTIME`).
pub fn boot_time() -> io::Result<u64> {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
    u64::try_from(time.tv_sec()).map_err(io::Error::other)
}

/// Which boot this is (random(4)).
pub fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// The sessions that have come since this was made, also those that have ended: one may be shorter than the
/// pause between two looks.
pub struct Arrivals {
    inotify: Option<Inotify>,
    seen: Option<Vec<Session>>,
}

impl Arrivals {
    /// Begins to look.
    pub fn new() -> Self {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok();
        let inotify = inotify.filter(|inotify| {
            // logind writes a file beside its place, and moves it there.
            let arrives = AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_CREATE;
            inotify.add_watch(SESSIONS, arrives).is_ok()
        });
        Self { inotify, seen: sessions() }
    }

    /// All that were seen. `None` if there is no logind to know.
    pub fn seen(&mut self) -> Option<&[Session]> {
        let Some(now) = sessions() else { return self.seen.as_deref() };
        let seen = self.seen.get_or_insert_default();
        for session in now {
            if !seen.iter().any(|it| it.id == session.id) {
                seen.push(session);
            }
        }
        Some(seen)
    }

    /// Waits so long, until a session comes, or until a signal comes that ends programs: whether that is it.
    pub fn is_to_end_within(&self, time: Duration) -> bool {
        let comes = self.inotify.as_ref().map(AsFd::as_fd);
        let is_to_end = input::is_to_end_within(time, comes);
        // What has come is looked at anew, whatever it is.
        self.inotify.as_ref().map(Inotify::read_events);
        is_to_end
    }
}

/// The sessions that there are. `None` if there is no logind to know.
pub fn sessions() -> Option<Vec<Session>> {
    let entries = fs::read_dir(SESSIONS).ok()?.flatten();
    // Beside each there is a FIFO, which nothing would ever be read from.
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let files = files.filter_map(|entry| {
        let id = entry.file_name().into_string().ok()?;
        Some((id, fs::read_to_string(entry.path()).ok()?))
    });
    Some(files.filter_map(|(id, text)| session(id, &text)).collect())
}

fn session(id: String, text: &str) -> Option<Session> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let (user, service) = (value("USER")?, value("SERVICE").unwrap_or_default());
    let seen = boot_time().unwrap_or_default();
    Some(Session { id, user: user.to_owned(), service: service.to_owned(), seen })
}

/// Whether logins at a service begin a session that logind knows: by pam_systemd, in its files or those that
/// all include.
pub fn has_sessions(pam_services: &[String]) -> bool {
    let common = ["common-session", "common-session-noninteractive"].map(str::to_owned);
    let names_it = |file: &String| {
        let text = fs::read_to_string(format!("/etc/pam.d/{file}")).unwrap_or_default();
        text.lines()
            .any(|line| !line.trim_start().starts_with('#') && line.contains("pam_systemd.so"))
    };
    Path::new(SESSIONS).is_dir() && pam_services.iter().chain(&common).any(names_it)
}

/// The session that this process belongs to, by its control group.
pub fn own_session() -> Option<String> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let scope =
        groups.lines().flat_map(|line| line.split('/')).find(|it| it.starts_with("session-"))?;
    Some(scope.strip_prefix("session-")?.strip_suffix(".scope")?.to_owned())
}

/// Whether systemd runs this machine (sd_booted(3)).
pub fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Starts the watch. An error if it is not seen to run afterwards, or would not be there after a boot.
pub fn start_watch() -> io::Result<()> {
    run("systemctl", &["start", WATCH])?;
    run("systemctl", &["is-active", "--quiet", WATCH])?;
    run("systemctl", &["is-enabled", "--quiet", AT_BOOT])
}

/// Whether the watch's unit is there in any way: starting, running or ending.
pub fn has_watch() -> bool {
    let show = ["show", "--property=ActiveState", "--value", WATCH];
    let said = program("systemctl").and_then(|mut systemctl| systemctl.args(show).output());
    let state = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    !matches!(state.as_deref(), Err(_) | Ok("" | "inactive" | "failed"))
}

/// Says something on all terminals (wall(1)).
pub fn tell_everybody(text: &str) {
    // Nobody may be there, or no program for it.
    let _ = program("wall").and_then(|mut wall| wall.arg(text).status());
}

/// Runs a program. An error is what it says.
pub fn run(name: &str, arguments: &[&str]) -> io::Result<()> {
    let said = program(name)?.args(arguments).output()?;
    if said.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    let command = format!("{name} {}", arguments.join(" "));
    Err(io::Error::other(if errors.is_empty() { command } else { format!("{command}: {errors}") }))
}

/// This machine.
pub struct System;

impl Reload for System {
    fn check(&self, service: Service) -> io::Result<()> {
        if service != Service::Ssh || !has_systemd() {
            return Ok(());
        }
        let fails = |why: String| io::Error::other((WORDS.setup_failures.sshd_fails)(&why));
        cloud2fa_doctor::ssh::try_files().map_err(fails)
    }

    /// Only sshd keeps in mind what its files said: one that runs reads them again. Open sessions go on. One that
    /// does not run reads them when it starts; before that, at a boot, it could not even be asked.
    fn reload(&self, service: Service) -> io::Result<()> {
        if service != Service::Ssh || !has_systemd() {
            return Ok(());
        }
        if run("systemctl", &["is-active", "--quiet", "ssh.service"]).is_err() {
            // A socket whose service has failed listens no more.
            if run("systemctl", &["is-failed", "--quiet", "ssh.socket"]).is_ok() {
                run("systemctl", &["reset-failed", "ssh.service", "ssh.socket"])?;
                run("systemctl", &["start", "ssh.socket"])?;
            }
            return Ok(());
        }
        self.check(service)?;
        // One whose port is a socket's cannot be told to begin anew: it finds the port taken.
        let is_socket_s = run("systemctl", &["is-active", "--quiet", "ssh.socket"]).is_ok();
        run("systemctl", &[if is_socket_s { "try-restart" } else { "reload" }, "ssh.service"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_from_logins_own_file() {
        let text =
            "# This is private data.\nUID=1000\nUSER=anna\nACTIVE=1\nSERVICE=sshd\nLEADER=812\n";
        let read = session("3".into(), text).unwrap();
        assert_eq!((&*read.id, &*read.user, &*read.service), ("3", "anna", "sshd"));
        assert_eq!(session("3".into(), "UID=0\n"), None);
    }

    #[test]
    fn the_time_since_the_start_goes_on_and_a_boot_has_a_name() {
        assert!(boot_time().unwrap() > 0);
        assert_eq!(boot().unwrap().len(), 36);
    }
}
