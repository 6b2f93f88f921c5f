//! One connection's process: started, heard, ended. What it writes to standard error comes here, too, line by
//! line: so nobody can write to the log without being counted, or take it away from the others.

#![forbid(unsafe_code)]

use crate::report::Report;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
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

/// More reports than a process has to make; one that goes on is not ours any more.
const MOST_REPORTS: usize = 64;

/// What is read at once. A longer line is cut.
const AT_ONCE: usize = 4096;

/// Lines that are read when a process has ended; one that is ours has no more.
const LAST_LINES: usize = 40;

/// A process that serves a connection.
pub struct Served {
    /// The caller's.
    pub uid: u32,
    process: Child,
    started: Instant,
    is_known: bool,
    reports: File,
    heard: usize,
    /// `None` if that end is closed.
    lines: Option<File>,
    /// The beginning of a line.
    begun: Vec<u8>,
}

impl Served {
    /// Starts one for a connection.
    pub fn start(uid: u32, connection: UnixStream, now: Instant) -> io::Result<Self> {
        let (reports, its_reports) = pipe()?;
        let (lines, its_lines) = pipe()?;
        let process = Command::new(SELF)
            // Seen by ps(1); it asks the connection itself. PAM's lines in the log begin with the first.
            .arg0("cloud2fad")
            .arg(format!("uid={uid}"))
            .stdin(Stdio::from(OwnedFd::from(connection)))
            .stdout(Stdio::from(its_reports))
            .stderr(Stdio::from(its_lines))
            .spawn()?;
        let (is_known, heard, lines, begun) = (false, 0, Some(lines), Vec::new());
        Ok(Self { uid, process, started: now, is_known, reports, heard, lines, begun })
    }

    /// What to wait for until there are reports.
    pub fn reports(&self) -> BorrowedFd<'_> {
        self.reports.as_fd()
    }

    /// What to wait for until there are lines.
    pub fn lines(&self) -> Option<BorrowedFd<'_>> {
        self.lines.as_ref().map(AsFd::as_fd)
    }

    /// When it has been there for too long.
    pub fn deadline(&self) -> Instant {
        self.started + if self.is_known { WHOLE } else { UNKNOWN_FOR }
    }

    /// Reads the reports that there are. `None` if it has hung up, as it does when it ends.
    pub fn hear(&mut self) -> Option<Vec<Report>> {
        let mut bytes = [0; MOST_REPORTS];
        let count = match self.reports.read(&mut bytes) {
            Ok(0) => return None,
            Ok(count) => count,
            Err(error) => return is_for_now(&error).then(Vec::new),
        };
        self.heard += count;
        if self.heard > MOST_REPORTS {
            return None;
        }
        let bytes = bytes[..count].iter();
        let reports: Vec<_> = bytes.filter_map(|byte| Report::from_byte(*byte)).collect();
        self.is_known |= reports.iter().any(|it| matches!(it, Report::Somebody | Report::Daemon));
        Some(reports)
    }

    /// Reads the lines that there are, of what is read at once.
    pub fn read_lines(&mut self) -> Vec<Vec<u8>> {
        let Some(pipe) = &mut self.lines else { return Vec::new() };
        let mut bytes = [0; AT_ONCE];
        match pipe.read(&mut bytes) {
            Ok(0) => self.lines = None,
            Ok(count) => self.begun.extend_from_slice(&bytes[..count]),
            Err(error) if is_for_now(&error) => {}
            Err(_) => self.lines = None,
        }
        let is_over = self.lines.is_none() || self.begun.len() >= AT_ONCE;
        let whole = match self.begun.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => self.begun.drain(..=end).collect(),
            None if is_over => std::mem::take(&mut self.begun),
            None => Vec::new(),
        };
        let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(<[u8]>::to_vec).collect()
    }

    /// The lines that are left of one that has ended.
    pub fn last_lines(&mut self) -> Vec<Vec<u8>> {
        let mut last = Vec::new();
        while last.len() < LAST_LINES {
            let lines = self.read_lines();
            if lines.is_empty() {
                break;
            }
            last.extend(lines);
        }
        last.truncate(LAST_LINES);
        last
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

/// A pipe whose reader never waits, whatever becomes of what poll(2) has announced: the process may open its
/// end for reading, too, by /proc.
fn pipe() -> io::Result<(File, io::PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((File::from(OwnedFd::from(reader)), writer))
}

fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_pipe_that_somebody_else_has_emptied_is_not_waited_for() {
        let (mut reader, mut writer) = pipe().unwrap();
        writer.write_all(b"s").unwrap();
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
        let mut thief = File::options().read(true).open(path).unwrap();
        assert_eq!(thief.read(&mut [0; 8]).unwrap(), 1);
        assert!(is_for_now(&reader.read(&mut [0; 8]).unwrap_err()));
    }
}
