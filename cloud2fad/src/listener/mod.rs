//! The listening socket: lets callers in, in an order and a number that leave room for the others, and
//! starts a process for each. It knows uids and numbers alone: what needs names, and so might have to
//! wait for whoever knows them, is left to these processes.

#![forbid(unsafe_code)]

mod admission;
mod allowance;
mod orphans;
mod served;
mod subordinate;
mod tally;

use crate::log;
use crate::peer::Peer;
use crate::report::{Misbehaviour, Report};
use admission::{Admission, Excess, Somebody};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit};
use served::Served;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};
use subordinate::Subordinate;
use tally::{Tally, What};

/// Without a connection for so long the service ends; systemd starts it again with the next one.
const IDLE: Duration = Duration::from_secs(30);

/// Connections that wait, of all callers.
const MOST_WAITING: u64 = 4096;

/// Descriptors for everything else: each process that serves has one.
const OTHER_DESCRIPTORS: u64 = 256;

/// Connections that are let in without a look at anything else, and not more of them in this time: who
/// connects without end takes a small part of a processor.
const BATCH: usize = 50;
/// Likewise.
const BATCH_TIME: Duration = Duration::from_millis(10);

/// How often those who have gone while they waited are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// After an attempt that failed for lack of something.
const FAILED: Duration = Duration::from_millis(100);

/// If no process can be started for so long, the service ends, and all that it has started: one of them has
/// taken all that there is.
const FAILING: Duration = Duration::from_secs(5);

/// How often a process that was killed is asked whether it is gone.
const ENDING: Duration = Duration::from_millis(20);

/// The service as it listens.
pub struct Listener {
    socket: UnixListener,
    admission: Admission<UnixStream>,
    served: Vec<Served>,
    /// Killed, and not gone yet.
    ending: Vec<Served>,
    /// Whether somebody may have left something behind.
    has_orphans: bool,
    subordinate: Subordinate,
    tally: Tally,
    busy_at: Instant,
    swept_at: Instant,
    /// When connections are let in again, and processes started.
    open_at: Instant,
    start_at: Instant,
    /// Since when none could be started.
    failing_since: Option<Instant>,
}

impl Listener {
    /// At a socket that listens.
    pub fn new(socket: UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        orphans::adopt()?;
        let now = Instant::now();
        let (descriptors, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
        let most_waiting = descriptors.saturating_sub(OTHER_DESCRIPTORS).min(MOST_WAITING);
        Ok(Self {
            socket,
            admission: Admission::new(usize::try_from(most_waiting).unwrap_or(0), now),
            served: Vec::new(),
            ending: Vec::new(),
            has_orphans: false,
            subordinate: Subordinate::default(),
            tally: Tally::default(),
            busy_at: now,
            swept_at: now,
            open_at: now,
            start_at: now,
            failing_since: None,
        })
    }

    /// Serves until nobody has come for a while.
    pub fn run(mut self) -> io::Result<()> {
        loop {
            let now = Instant::now();
            if !self.admission.is_idle() || !self.ending.is_empty() {
                self.busy_at = now;
            }
            if now >= self.busy_at + IDLE {
                self.tally.due(now, true).iter().for_each(tally::Line::log);
                return Ok(());
            }
            let (comes, heard) = self.wait(now)?;
            let now = Instant::now();
            self.hear(heard, now);
            self.end_those_late(now);
            if comes {
                self.let_in(now)?;
            }
            self.sweep(now);
            self.serve(now)?;
            self.tally.due(now, false).iter().for_each(tally::Line::log);
        }
    }

    /// Waits until there is something to do. Gives whether somebody connects, and whom to hear, by place.
    fn wait(&self, now: Instant) -> io::Result<(bool, Vec<usize>)> {
        let is_open = now >= self.open_at;
        let events = if is_open { PollFlags::POLLIN } else { PollFlags::empty() };
        let (mut all, mut whose) = (vec![PollFd::new(self.socket.as_fd(), events)], Vec::new());
        for (at, served) in self.served.iter().enumerate() {
            let is_mute = self.admission.mute(served.uid, now).is_some();
            let lines = served.lines().filter(|_| !is_mute);
            for pipe in lines.into_iter().chain([served.reports()]) {
                all.push(PollFd::new(pipe, PollFlags::POLLIN));
                whose.push(at);
            }
        }
        // Rounded up, so that what was waited for is due then.
        let timeout = PollTimeout::try_from(self.time_left(now) + Duration::from_millis(1));
        match poll(&mut all, timeout.unwrap_or(PollTimeout::MAX)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let happened = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
        let mut heard: Vec<_> =
            all[1..].iter().zip(whose).filter(|(fd, _)| happened(fd)).map(|it| it.1).collect();
        heard.dedup();
        Ok((is_open && happened(&all[0]), heard))
    }

    /// Until something is to be done although nothing happens.
    fn time_left(&self, now: Instant) -> Duration {
        let until = |then: Instant| then.saturating_duration_since(now);
        let all = [
            (!self.ending.is_empty() || self.has_orphans).then_some(ENDING),
            (now < self.open_at).then(|| until(self.open_at)),
            self.served.iter().map(|served| until(served.deadline())).min(),
            self.admission.wait(now).map(|wait| wait.max(until(self.start_at))),
            self.served.iter().filter_map(|served| self.admission.mute(served.uid, now)).min(),
            (!self.admission.is_idle()).then(|| until(self.swept_at + SWEEP)),
            self.tally.wait(now),
        ];
        all.into_iter().flatten().min().unwrap_or_else(|| until(self.busy_at + IDLE)).min(IDLE)
    }

    fn let_in(&mut self, now: Instant) -> io::Result<()> {
        self.subordinate.look();
        self.busy_at = now;
        for _ in 0..BATCH {
            match self.socket.accept() {
                Ok((connection, _)) => self.arrive(connection, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // Who has gone before being let in (accept(2)).
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_lack(&error) => {
                    self.open_at = now + FAILED;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.open_at = now + BATCH_TIME;
        Ok(())
    }

    fn arrive(&mut self, connection: UnixStream, now: Instant) {
        let Ok(peer) = Peer::of(&connection) else { return };
        let caller = (peer.uid, self.subordinate.has(peer.uid));
        let excess = self.admission.arrive(caller, connection, now);
        match excess {
            Some((uid, Excess::Nobody)) => self.count(What::Nobody, uid, now),
            Some((uid, Excess::TooMany)) => self.count(What::TooMany, uid, now),
            None => {}
        }
    }

    fn count(&mut self, what: What, uid: u32, now: Instant) {
        if let Some(line) = self.tally.add(what, uid, now) {
            line.log();
        }
    }

    /// Starts a process for each who may be served.
    fn serve(&mut self, now: Instant) -> io::Result<()> {
        while now >= self.start_at
            && let Some((uid, connection)) = self.admission.next(now)
        {
            match Served::start(uid, connection, now) {
                Ok(served) => {
                    self.served.push(served);
                    self.failing_since = None;
                }
                // Who is hung up on comes again.
                Err(error) => {
                    self.admission.end(uid);
                    self.start_at = now + FAILED;
                    let since = *self.failing_since.get_or_insert(now);
                    if now >= since + FAILING {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, places: Vec<usize>, now: Instant) {
        // From the last: those before it keep their places where it is taken out.
        for at in places.into_iter().rev() {
            let uid = self.served[at].uid;
            if self.admission.mute(uid, now).is_none() {
                let lines = self.served[at].read_lines();
                self.forward(uid, &lines, now);
            }
            match self.served[at].hear() {
                Some(reports) => {
                    for report in reports {
                        self.take(uid, report, now);
                    }
                }
                None => self.end(at, now),
            }
        }
    }

    /// Logs what a process has written. Whoever causes much of it is served less often, and waits with more:
    /// so nobody fills the log, which all users share.
    fn forward(&mut self, uid: u32, lines: &[Vec<u8>], now: Instant) {
        for line in lines {
            log::forward(line);
            self.admission.logged(uid, now);
        }
    }

    fn take(&mut self, uid: u32, report: Report, now: Instant) {
        match report {
            Report::Somebody => self.admission.learn(uid, Somebody::User, now),
            Report::Daemon => self.admission.learn(uid, Somebody::Daemon, now),
            Report::Nobody => {
                let dropped = self.admission.learn_nobody(uid, now);
                (0..=dropped).for_each(|_| self.count(What::Nobody, uid, now));
            }
            Report::Misbehaved(how) => self.count(What::Misbehaved(how), uid, now),
        }
    }

    /// Ends one that has hung up, or is late.
    fn end(&mut self, at: usize, now: Instant) {
        let mut served = self.served.swap_remove(at);
        served.kill();
        let lines = served.last_lines();
        self.forward(served.uid, &lines, now);
        self.ending.push(served);
    }

    fn end_those_late(&mut self, now: Instant) {
        for at in (0..self.served.len()).rev() {
            if self.served[at].deadline() <= now {
                self.count(What::Misbehaved(Misbehaviour::TookTooLong), self.served[at].uid, now);
                self.end(at, now);
            }
        }
        let admission = &mut self.admission;
        self.ending.retain_mut(|served| {
            let is_gone = served.is_gone();
            if is_gone {
                admission.end(served.uid);
                self.has_orphans = true;
            }
            !is_gone
        });
        if self.has_orphans {
            let known = self.served.iter().chain(&self.ending).map(Served::pid);
            self.has_orphans = orphans::end(|pid| known.clone().any(|its| its == pid));
        }
    }

    fn sweep(&mut self, now: Instant) {
        if now >= self.swept_at + SWEEP {
            self.admission.sweep(now, has_gone);
            self.swept_at = now;
        }
    }
}

/// Whether something fails because there is too much of something else at the moment.
fn is_lack(error: &io::Error) -> bool {
    let lack = [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::ENOBUFS].map(|it| it as i32);
    error.raw_os_error().is_some_and(|errno| lack.contains(&errno))
}

/// Whether the other end of a connection is closed.
fn has_gone(connection: &UnixStream) -> bool {
    let mut one = [PollFd::new(connection.as_fd(), PollFlags::empty())];
    poll(&mut one, PollTimeout::ZERO)
        .is_ok_and(|_| one[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP)))
}
