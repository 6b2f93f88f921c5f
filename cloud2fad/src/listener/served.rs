//! One connection's process: started, heard, ended.

#![forbid(unsafe_code)]

use crate::report::Report;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// This program, also where another version of it is installed by now.
const SELF: &str = "/proc/self/exe";

/// Until a process knows whether its caller is somebody's.
const UNKNOWN_FOR: Duration = Duration::from_secs(10);

/// Until it ends. It does so by itself after 10 minutes, while a new key waits for its code.
const WHOLE: Duration = Duration::from_secs(660);

/// A process that serves a connection.
pub struct Served {
    /// The caller's.
    pub uid: u32,
    process: Child,
    reports: File,
    started: Instant,
    is_known: bool,
}

/// What has been heard from one.
pub enum Heard {
    /// These reports.
    Reports(Vec<Report>),
    /// It has hung up, as it does when it ends.
    End,
}

impl Served {
    /// Starts one for a connection.
    pub fn start(uid: u32, connection: UnixStream, now: Instant) -> io::Result<Self> {
        let (reports, its_end) = io::pipe()?;
        let process = Command::new(SELF)
            // Seen by ps(1); it asks the connection itself. PAM's lines in the log begin with the first.
            .arg0("cloud2fad")
            .arg(format!("uid={uid}"))
            .stdin(Stdio::from(OwnedFd::from(connection)))
            .stdout(Stdio::from(its_end))
            .spawn()?;
        let reports = File::from(OwnedFd::from(reports));
        Ok(Self { uid, process, reports, started: now, is_known: false })
    }

    /// What to wait for until there is something to hear.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.reports.as_fd()
    }

    /// When it has been there for too long.
    pub fn deadline(&self) -> Instant {
        self.started + if self.is_known { WHOLE } else { UNKNOWN_FOR }
    }

    /// Reads what there is to hear; waits where there is nothing.
    pub fn hear(&mut self) -> Heard {
        let mut bytes = [0; 64];
        match self.reports.read(&mut bytes) {
            Ok(0) => Heard::End,
            Ok(count) => {
                let bytes = bytes[..count].iter();
                let reports: Vec<_> = bytes.filter_map(|byte| Report::from_byte(*byte)).collect();
                self.is_known |= reports.contains(&Report::Somebody);
                Heard::Reports(reports)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Heard::Reports(Vec::new()),
            Err(_) => Heard::End,
        }
    }

    /// Its number, until it is gone.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends it. One that is gone already is not there to be hit.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
    }

    /// Whether it is gone for good.
    pub fn is_gone(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }
}
