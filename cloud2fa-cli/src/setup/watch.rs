//! Waits until a change is proven, and takes it back where it is not. This runs as a unit of its own: whoever
//! stops it has the change taken back at once, and so has who kills it, by the unit's ExecStopPost=.

use super::engine::{Engine, Left as LeftOver};
use super::journal::{Change, Journal, Unconfirmed};
use super::service::Service;
use super::system::{self, Arrivals, Session, System};
use crate::language::WORDS;
use crate::log;
use cloud2fa::log::Severity;
use cloud2fa::names::Nss;
use cloud2fa::{Config, Standing, Store};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// The pause between two looks, unless a session comes.
const PAUSE: Duration = Duration::from_millis(250);

/// The pause after something could not be taken back, which is logged each time.
const PAUSE_AFTER_A_FAILURE: Duration = Duration::from_secs(5);

/// What is left after a look. The worst is last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Nothing,
    Waiting,
    Failed,
}

/// What becomes of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waits,
    Proven,
    Expired,
}

/// What a change is judged by.
struct Now<'a> {
    boot: &'a str,
    seconds: u64,
    sessions: Option<&'a [Session]>,
}

/// Waits until no change is left that waits for its proof.
pub fn watch(journal: &Path) -> io::Result<()> {
    let (mut arrivals, mut last) = (Arrivals::new(), None);
    loop {
        let sessions = arrivals.seen();
        // Whoever has the lock changes something, and is done in a moment.
        let mut pause = PAUSE;
        if let Some(engine) = Engine::try_open(journal, &System)? {
            match look(&engine, sessions, &mut last) {
                Left::Nothing => return Ok(()),
                Left::Waiting => {}
                Left::Failed => pause = PAUSE_AFTER_A_FAILURE,
            }
        }
        // A unit that is masked while it is stopped has no ExecStopPost= any more.
        if arrivals.is_to_end_within(pause) {
            return take_back_unconfirmed(journal, false);
        }
    }
}

/// Decides on each change. `last` is the journal as it was read the last time.
fn look(engine: &Engine<'_>, sessions: Option<&[Session]>, last: &mut Option<Journal>) -> Left {
    let Some(journal) = journal(engine, last.as_ref()) else { return Left::Failed };
    let journal = last.insert(journal);
    let (boot, seconds) =
        (system::boot().unwrap_or_default(), system::boot_time().unwrap_or(u64::MAX));
    let now = Now { boot: &boot, seconds, sessions };
    let of = |(change, unconfirmed): (&Change, &Unconfirmed)| {
        let is_done = match fate(unconfirmed, &now, &standing) {
            Fate::Waits => return Left::Waiting,
            Fate::Proven => keep(engine, change.service),
            Fate::Expired => take_back(engine, change.service),
        };
        if is_done { Left::Nothing } else { Left::Failed }
    };
    journal.unconfirmed().map(of).max().unwrap_or(Left::Nothing)
}

/// The journal. Somebody may have damaged it: then it is written anew as it was.
fn journal(engine: &Engine<'_>, last: Option<&Journal>) -> Option<Journal> {
    let error = match engine.journal() {
        Ok(journal) => return Some(journal),
        Err(error) => error,
    };
    let anew = last.and_then(|last| engine.write_anew(Some(last)).ok());
    let words = &WORDS.setup;
    let word = if anew.is_some() { words.journal_written_anew } else { words.no_journal };
    log::setup(Severity::Alert, &word(&error));
    anew
}

/// Takes back at once all that nobody has confirmed; of an earlier boot alone if `earlier_boots`.
pub fn take_back_unconfirmed(journal: &Path, earlier_boots: bool) -> io::Result<()> {
    let boot = system::boot()?;
    loop {
        let Some(engine) = Engine::try_open(journal, &System)? else {
            sleep(PAUSE);
            continue;
        };
        let is_meant = |unconfirmed: &Unconfirmed| !earlier_boots || unconfirmed.boot != boot;
        let all = |journal: Journal| journal.changes.iter().map(|it| it.service).collect();
        let services: Vec<_> = match engine.journal() {
            Ok(journal) => {
                let meant = journal.unconfirmed().filter(|(_, unconfirmed)| is_meant(unconfirmed));
                meant.map(|(change, _)| change.service).collect()
            }
            // Most likely all was confirmed long ago: no service stops asking because a disk has lost a block.
            Err(error) if earlier_boots => {
                log::setup(Severity::Alert, &(WORDS.setup.no_journal)(&error));
                return Err(error);
            }
            // Where there was a watch, there is something that nobody has confirmed.
            Err(error) => {
                log::setup(Severity::Alert, &(WORDS.setup.no_journal_all_goes)(&error));
                engine.write_anew(None).map(all)?
            }
        };
        let done = services.into_iter().map(|service| take_back(&engine, service));
        let all = done.fold(true, |all, it| all & it);
        return if all { Ok(()) } else { Err(io::ErrorKind::ResourceBusy.into()) };
    }
}

fn keep(engine: &Engine<'_>, service: Service) -> bool {
    let kept = engine.keep(service).is_ok();
    if kept {
        log::setup(Severity::Info, &(WORDS.setup.kept)(service.word()));
    }
    kept
}

/// Whether it is done. What fails is tried again.
fn take_back(engine: &Engine<'_>, service: Service) -> bool {
    match engine.expire(service) {
        Ok(()) => {
            let text = (WORDS.setup.taken_back)(service.word());
            log::setup(Severity::Alert, &text);
            system::tell_everybody(&text);
            true
        }
        Err(left) => {
            let words = &WORDS.setup;
            let word = match left {
                LeftOver::Lines(..) => words.not_taken_back,
                LeftOver::Effect(_) => words.not_without_effect,
            };
            log::setup(Severity::Alert, &word(service.word(), left.error()));
            false
        }
    }
}

/// How a user stands in the store of this machine.
fn standing(user: &str) -> Option<Standing> {
    let config = Config::load(None, crate::machine::ROOT).ok()?;
    let mut store = crate::machine::store(&config).ok()?;
    let user = crate::caller::find(user).ok()?;
    let whose = cloud2fa::Verifier::whose(&mut store, &user, &Nss).ok()?;
    store.status(&whose, &crate::machine::now).ok()
}

/// The time comes first: whoever is asked for the proof may not answer.
fn fate(
    unconfirmed: &Unconfirmed,
    now: &Now<'_>,
    standing: &dyn Fn(&str) -> Option<Standing>,
) -> Fate {
    if unconfirmed.boot != now.boot || now.seconds >= unconfirmed.until {
        return Fate::Expired;
    }
    let services: Vec<_> = unconfirmed.pam_services.iter().map(String::as_str).collect();
    let is_proven = unconfirmed.proof.iter().any(|before| {
        has_new_session(&before.user, unconfirmed, now)
            && standing(&before.user).is_some_and(|now| before.is_proven_by(&now, &services))
    });
    if is_proven { Fate::Proven } else { Fate::Waits }
}

/// Whether the user has come in, and not only typed a right code. Where logins begin no session, the code is all
/// that can be seen.
fn has_new_session(user: &str, unconfirmed: &Unconfirmed, now: &Now<'_>) -> bool {
    let (Some(before), Some(sessions)) = (&unconfirmed.sessions, now.sessions) else { return true };
    sessions.iter().any(|session| {
        session.user == user
            && unconfirmed.pam_services.contains(&session.service)
            && session.seen >= unconfirmed.since
            && !before.contains(&session.id)
    })
}

#[cfg(test)]
mod tests {
    use super::super::journal::Changed;
    use super::super::proof::Before;
    use super::*;
    use cloud2fa::history::{Entry, History, Origin, Outcome};
    use cloud2fa::{Factor, Generation, Status, UnixTime};

    fn enrolled(generation: &Generation, services: &[&str]) -> Standing {
        let mut history = History::default();
        for (at, service) in (0..).zip(services) {
            let (outcome, factor, times) = (Outcome::Accepted, Factor::Token, 1);
            let origin = Origin::new(service, None);
            history.add(Entry { at: UnixTime(at), outcome, factor, origin, times });
        }
        let status = Status {
            since: UnixTime(0),
            last_used: None,
            backup_codes_left: 8,
            failures: 0,
            wait_seconds: 0,
            locked: false,
            budget_used: 0,
            history,
        };
        Standing::Enrolled(generation.clone(), status)
    }

    struct Case {
        change: Change,
        generation: Generation,
        sessions: Vec<Session>,
    }

    impl Case {
        fn new(service: Service) -> Self {
            let generation = Generation::generate().unwrap();
            let before = Before::of("anna", &enrolled(&generation, &["sshd", "sudo"])).unwrap();
            let sessions = matches!(service, Service::Ssh).then(|| vec!["1".to_owned()]);
            let pam_services = service.pam_services().iter().map(|it| (*it).to_owned()).collect();
            let (boot, proof, since, until) = ("one".to_owned(), vec![before], 5, 300);
            let unconfirmed = Unconfirmed { boot, until, proof, since, sessions, pam_services };
            let files = Vec::<Changed>::new();
            let change = Change { service, files, unconfirmed: Some(unconfirmed) };
            Self { change, generation, sessions: vec![session("1", "anna", "sshd")] }
        }

        fn fate(&self, boot: &str, seconds: u64, logins: &[&str]) -> Fate {
            let now = Now { boot, seconds, sessions: Some(&self.sessions) };
            let unconfirmed = self.change.unconfirmed.as_ref().unwrap();
            let standing = |_: &str| Some(enrolled(&self.generation, logins));
            fate(unconfirmed, &now, &standing)
        }
    }

    fn session(id: &str, user: &str, service: &str) -> Session {
        Session { id: id.into(), user: user.into(), service: service.into(), seen: 7 }
    }

    #[test]
    fn a_login_through_the_service_and_a_session_of_its_own_are_the_proof() {
        let mut case = Case::new(Service::Ssh);
        let before = ["sshd", "sudo"];
        let since = ["sshd", "sudo", "sshd"];
        assert_eq!(case.fate("one", 10, &before), Fate::Waits);
        assert_eq!(case.fate("one", 10, &since), Fate::Waits, "a code, and not yet in");
        case.sessions.push(session("2", "bob", "sshd"));
        assert_eq!(case.fate("one", 10, &since), Fate::Waits, "another user's session");
        case.sessions.push(Session { seen: 4, ..session("9", "anna", "sshd") });
        assert_eq!(case.fate("one", 10, &since), Fate::Waits, "a session that came before");
        case.sessions.push(session("3", "anna", "sshd"));
        assert_eq!(case.fate("one", 10, &before), Fate::Waits, "a session by key");
        assert_eq!(case.fate("one", 10, &["sshd", "sudo", "sudo"]), Fate::Waits, "another service");
        assert_eq!(case.fate("one", 10, &since), Fate::Proven);
        case.generation = Generation::generate().unwrap();
        assert_eq!(case.fate("one", 10, &since), Fate::Waits, "enrolled since");
    }

    #[test]
    fn after_the_time_or_another_boot_nothing_is_proven_any_more() {
        let case = Case::new(Service::Sudo);
        let since = ["sshd", "sudo", "sudo-i"];
        assert_eq!(case.fate("one", 299, &since), Fate::Proven, "sudo begins no session");
        assert_eq!(case.fate("one", 300, &since), Fate::Expired);
        assert_eq!(case.fate("two", 10, &since), Fate::Expired);
    }
}
