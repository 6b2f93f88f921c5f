//! `setup`: makes services ask for a code, lets that stay, or takes it back.

use crate::arguments::{Chosen, Setup};
use crate::caller::{self, require_root};
use crate::dialogue::{Dialogue, SetUp};
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::machine;
use crate::setup::{
    self, Before, Engine, Impossible, JOURNAL, Journal, Machine, NotMade, OfSsh, Plan, Recipe,
    Service, System, Unconfirmed,
};
use cloud2fa::config::Unenrolled;
use cloud2fa::names::Nss;
use cloud2fa::{Config, Standing, Store, Verifier};
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub fn run(how: &Setup, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    require_root()?;
    let journal = Path::new(JOURNAL);
    if how.watch {
        setup::watch(journal)?;
        return Ok(ExitCode::SUCCESS);
    }
    if how.take_back_unconfirmed {
        setup::take_back_unconfirmed(journal, how.of_earlier_boots)?;
        return Ok(ExitCode::SUCCESS);
    }
    let engine = Engine::open(journal, &System)?;
    let engine =
        engine.ok_or_else(|| Failure::new(Kind::Unavailable, WORDS.setup_failures.busy))?;
    if how.undo {
        undo(how, &engine, dialogue)?;
    } else if how.keep {
        keep(how, &engine, dialogue)?;
    } else if how.services.is_empty() {
        overview(&engine, dialogue)?;
    } else {
        for service in chosen(&how.services) {
            switch_on(service, how, &engine, dialogue)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The services that are named, each once.
fn chosen(names: &[Chosen]) -> Vec<Service> {
    let is_meant = |service: &Service| {
        names.iter().any(|name| match name {
            Chosen::Ssh => *service == Service::Ssh,
            Chosen::Sudo => *service == Service::Sudo,
            Chosen::Su => *service == Service::Su,
            Chosen::Console => *service == Service::Console,
            Chosen::All => true,
        })
    };
    Service::ALL.into_iter().filter(is_meant).collect()
}

/// Says what asks, and what of setup's changes is not settled.
fn overview(engine: &Engine<'_>, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    let (machine, journal) = (Machine::read(), engine.journal()?);
    for service in Service::ALL {
        let unconfirmed = journal.of(service).and_then(|change| change.unconfirmed.as_ref());
        let said = match (unconfirmed, machine.asks_at(service)) {
            (Some(unconfirmed), _) => SetUp::Unconfirmed { seconds: left(unconfirmed)? },
            (None, Some(true)) => SetUp::AsksAlready,
            (None, Some(false)) => SetUp::AsksNot,
            (None, None) => SetUp::NotThere,
        };
        dialogue.set_up(service, &said)?;
    }
    for service in &journal.taken_back {
        dialogue.set_up(*service, &SetUp::WasTakenBack)?;
    }
    Ok(engine.forget_taken_back()?)
}

fn left(unconfirmed: &Unconfirmed) -> io::Result<u64> {
    Ok(unconfirmed.until.saturating_sub(setup::boot_time()?))
}

/// Those of setup's changes that are meant: all, if none is named.
fn meant(how: &Setup, journal: &Journal, only_unconfirmed: bool) -> Vec<Service> {
    let named = chosen(&how.services);
    let changes = journal.changes.iter().filter(|it| !only_unconfirmed || it.unconfirmed.is_some());
    let services = changes.map(|change| change.service);
    services.filter(|service| named.is_empty() || named.contains(service)).collect()
}

fn undo(how: &Setup, engine: &Engine<'_>, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    let services = meant(how, &engine.journal()?, false);
    if services.is_empty() {
        return dialogue.nothing_set_up(true);
    }
    // The last one that was switched on is the first to go.
    services.into_iter().rev().try_for_each(|service| {
        engine.take_back(service)?;
        dialogue.set_up(service, &SetUp::Undone)
    })
}

fn keep(how: &Setup, engine: &Engine<'_>, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    let journal = engine.journal()?;
    let services = meant(how, &journal, true);
    if services.is_empty() {
        return dialogue.nothing_set_up(false);
    }
    // Whoever sits in a session that was there before has not shown that anybody gets in.
    let own = setup::own_session();
    let is_new = |unconfirmed: &Unconfirmed| match &own {
        Some(own) => !unconfirmed.sessions.contains(own),
        None => setup::sessions().is_none(),
    };
    let of = |service| journal.of(service).and_then(|change| change.unconfirmed.as_ref());
    if !services.iter().filter_map(|service| of(*service)).all(is_new) {
        return Err(Failure::new(Kind::NotPermitted, WORDS.setup_failures.old_session));
    }
    services.into_iter().try_for_each(|service| {
        engine.keep(service)?;
        dialogue.set_up(service, &SetUp::Confirmed)
    })
}

/// Makes one service ask.
fn switch_on(
    service: Service,
    how: &Setup,
    engine: &Engine<'_>,
    dialogue: &mut dyn Dialogue,
) -> Result<(), Failure> {
    how.by_key_alone.iter().try_for_each(|name| must_be_plain(name))?;
    let (plan, by_key) = match plan(service, how)? {
        OfSsh { plan: Ok(plan), by_key } => (plan, by_key),
        OfSsh { plan: Err(Impossible::AsksAlready), .. } => {
            return dialogue.set_up(service, &SetUp::AsksAlready);
        }
        OfSsh { plan: Err(Impossible::NotThere), .. } => {
            return dialogue.set_up(service, &SetUp::NotThere);
        }
        OfSsh { plan: Err(why), .. } => return Err(impossible(&why)),
    };
    let config = Config::load(None, machine::ROOT)?;
    let shut_out = shut_out(&config, by_key, how)?;
    if !shut_out.is_empty() && !how.shut_out && !how.dry_run {
        let message = (WORDS.setup_failures.would_shut_out)(&shut_out.join(","));
        return Err(Failure::new(Kind::NotPermitted, message));
    }
    dialogue.plan(&plan, &how.by_key_alone, &shut_out)?;
    if how.dry_run {
        return Ok(());
    }
    let proof = if how.now { Vec::new() } else { proof(&plan, &config, how)? };
    must_not_go_wrong(&plan, how)?;
    if !how.yes && !dialogue.agrees()? {
        return Err(Failure::new(Kind::Interrupted, WORDS.setup_failures.not_agreed));
    }
    let names: Vec<_> = proof.iter().map(|before| before.user.clone()).collect();
    let unconfirmed = if how.now { None } else { Some(waiting(how.within, proof)?) };
    make(&plan, unconfirmed, engine)?;
    let said = match (how.now, names.is_empty()) {
        (true, _) => SetUp::ForGood,
        (false, is_unproven) => {
            SetUp::Made { within: how.within, by: if is_unproven { None } else { Some(names) } }
        }
    };
    dialogue.set_up(service, &said)
}

/// The name stands in a file of sshd's, where some characters mean something else.
fn must_be_plain(name: &str) -> Result<(), Failure> {
    let user = caller::find(name)?;
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    if user.name.as_str() == name && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(Failure::new(Kind::Usage, (WORDS.setup_failures.not_plain)(name)))
}

fn plan(service: Service, how: &Setup) -> Result<OfSsh, Failure> {
    let machine = Machine::read();
    if service != Service::Ssh {
        return Ok(OfSsh { plan: machine.plan_pam(service), by_key: Vec::new() });
    }
    let sshd_fails =
        |why: String| Failure::new(Kind::Unavailable, (WORDS.setup_failures.sshd_fails)(&why));
    machine.plan_ssh(&how.by_key_alone).map_err(sshd_fails)
}

fn impossible(why: &Impossible) -> Failure {
    let words = &WORDS.setup_failures;
    let message = match why {
        Impossible::NoPassword(path) => (words.no_password)(&path.display()),
        Impossible::SetOnTheCommandLine(keyword) => (words.set_on_the_command_line)(keyword),
        Impossible::AsksAlready | Impossible::NotThere => String::new(),
    };
    Failure::new(Kind::Unavailable, message)
}

/// Who logs in by key, is not enrolled, and is not to go on by key alone.
fn shut_out(config: &Config, by_key: Vec<String>, how: &Setup) -> Result<Vec<String>, Failure> {
    let mut left = Vec::new();
    for name in by_key {
        if !how.by_key_alone.contains(&name) && before(config, &name)?.is_none() {
            left.push(name);
        }
    }
    Ok(left)
}

/// How a user stands before the change. `None` if there is no enrolment, or no such user any more.
fn before(config: &Config, name: &str) -> Result<Option<Before>, Failure> {
    let Ok(user) = caller::find(name) else { return Ok(None) };
    let mut store = machine::store(config)?;
    let whose = store.whose(&user, &Nss)?;
    let standing: Standing = store.status(&whose, &machine::now)?;
    Ok(Before::of(whose.name.as_str(), &standing))
}

/// Whose logins prove the change. None of them is enrolled: then whoever is not must get in all the same.
fn proof(plan: &Plan, config: &Config, how: &Setup) -> Result<Vec<Before>, Failure> {
    let words = &WORDS.setup_failures;
    if let Some(name) = &how.by {
        let before = before(config, name)?;
        let not_enrolled = || Failure::new(Kind::NotEnrolled, (words.not_enrolled)(name));
        return Ok(vec![before.ok_or_else(not_enrolled)?]);
    }
    let mut proof = Vec::new();
    for name in std::env::var("SUDO_USER").ok().into_iter().chain(["root".to_owned()]) {
        proof.extend(before(config, &name)?);
    }
    let lets_in =
        plan.recipe == Recipe::PasswordThenCode && config.unenrolled != Some(Unenrolled::Refuse);
    if proof.is_empty() && !lets_in {
        return Err(Failure::new(Kind::NotEnrolled, words.nobody_enrolled));
    }
    Ok(proof)
}

/// Has doctor look at the change on copies.
fn must_not_go_wrong(plan: &Plan, how: &Setup) -> Result<(), Failure> {
    let words = &WORDS.setup_failures;
    match setup::new_dangers(&plan.edits) {
        Ok(dangers) if dangers.is_empty() => Ok(()),
        Ok(dangers) => {
            let what: Vec<_> = dangers.into_iter().map(|danger| danger.what).collect();
            Err(Failure::new(Kind::Unavailable, (words.would_go_wrong)(&what.join("; "))))
        }
        Err(_) if how.untried => Ok(()),
        Err(error) => Err(Failure::new(Kind::Unavailable, (words.cannot_be_tried)(&error))),
    }
}

fn waiting(within: u64, proof: Vec<Before>) -> Result<Unconfirmed, Failure> {
    if !setup::has_systemd() {
        return Err(Failure::new(Kind::Unavailable, WORDS.setup_failures.no_systemd));
    }
    let sessions = setup::sessions().unwrap_or_default().into_iter().map(|session| session.id);
    // The second that has begun does not count.
    let (boot, until) = (setup::boot()?, setup::boot_time()? + 1 + within);
    Ok(Unconfirmed { boot, until, proof, sessions: sessions.collect() })
}

/// Changes the files, when what takes the change back is seen to run.
fn make(plan: &Plan, unconfirmed: Option<Unconfirmed>, engine: &Engine<'_>) -> Result<(), Failure> {
    let words = &WORDS.setup_failures;
    let made = match unconfirmed {
        None => engine.apply(plan, None),
        Some(unconfirmed) => {
            let no_watch = |error| Failure::new(Kind::Unavailable, (words.no_watch)(&error));
            engine.apply_watched(plan, unconfirmed, &setup::start_watch).map_err(no_watch)?
        }
    };
    made.map_err(|not_made| {
        let message = match not_made {
            NotMade::EditedMeanwhile(path) => (words.edited_meanwhile)(&path.display()),
            NotMade::Failed(error) => (words.failed)(&error),
            NotMade::Left(error) => (words.left)(&error),
        };
        Failure::new(Kind::Unavailable, message)
    })
}
