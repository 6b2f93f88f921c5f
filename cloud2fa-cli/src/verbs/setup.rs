//! `setup`: makes services ask for a code, lets that stay, or takes it back.

use super::engine::{engine, engine_with_a_new_watch, made, not_taken_back, readable};
use super::key_only;
use crate::arguments::{Chosen, Setup};
use crate::caller::{self, require_root};
use crate::dialogue::{Dialogue, SetUp};
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::machine;
use crate::setup::{
    self, Before, First, Impossible, JOURNAL, Journal, Machine, Plan, Service, Unconfirmed,
};
use cloud2fa::config::Unenrolled;
use cloud2fa::names::Nss;
use cloud2fa::{Config, Store, Verifier};
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub fn run(how: &Setup, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    require_root()?;
    let journal = Path::new(JOURNAL);
    if how.watch {
        setup::watch(journal)?;
    } else if how.take_back_unconfirmed {
        setup::take_back_unconfirmed(journal, how.of_earlier_boots)?;
    } else if how.undo {
        undo(how, dialogue)?;
    } else if how.keep {
        keep(how, dialogue)?;
    } else if how.services.is_empty() {
        overview(dialogue)?;
    } else {
        let services = chosen(&how.services);
        if !how.by_key_alone.is_empty() && !services.contains(&Service::Ssh) {
            return Err(Failure::new(Kind::Usage, WORDS.setup_failures.is_about_ssh));
        }
        for service in services {
            switch_on(service, how, dialogue)?;
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
fn overview(dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    let (machine, engine) = (Machine::read(), engine()?);
    let journal = readable(engine.journal())?;
    for service in Service::ALL {
        let said = match (unconfirmed(&journal, service), machine.asks_at(service)) {
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

fn unconfirmed(journal: &Journal, service: Service) -> Option<&Unconfirmed> {
    journal.of(service).and_then(|change| change.unconfirmed.as_ref())
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

fn undo(how: &Setup, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    let engine = engine()?;
    let (journal, undone) = match engine.journal() {
        Ok(journal) => (journal, SetUp::Undone),
        Err(_) => (engine.write_anew(None)?, SetUp::UndoneAsFound),
    };
    let services = meant(how, &journal, false);
    if services.is_empty() {
        return dialogue.nothing_set_up(true);
    }
    // The last one that was switched on is the first to go.
    services.into_iter().rev().try_for_each(|service| {
        engine.take_back(service).map_err(|left| not_taken_back(service, &left))?;
        dialogue.set_up(service, &undone)
    })
}

fn keep(how: &Setup, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    let engine = engine()?;
    let journal = readable(engine.journal())?;
    let services = meant(how, &journal, true);
    if services.is_empty() {
        return dialogue.nothing_set_up(false);
    }
    // Whoever sits in a session that was there before has not shown that anybody gets in.
    let own = setup::own_session();
    let is_new = |unconfirmed: &Unconfirmed| match (&unconfirmed.sessions, &own) {
        (None, _) => true,
        (Some(before), Some(own)) => !before.contains(own),
        (Some(_), None) => false,
    };
    if !services.iter().filter_map(|service| unconfirmed(&journal, *service)).all(is_new) {
        return Err(Failure::new(Kind::NotPermitted, WORDS.setup_failures.old_session));
    }
    services.into_iter().try_for_each(|service| {
        engine.keep(service)?;
        dialogue.set_up(service, &SetUp::Confirmed)
    })
}

/// Makes one service ask. Nothing is locked while somebody is asked: what is changed is looked at again.
fn switch_on(service: Service, how: &Setup, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    if let Some(unconfirmed) = unconfirmed(&readable(Journal::read(Path::new(JOURNAL)))?, service) {
        return dialogue.set_up(service, &SetUp::Unconfirmed { seconds: left(unconfirmed)? });
    }
    let enough_for = key_only::users(&how.by_key_alone)?;
    let plan = match plan(service, &enough_for)? {
        Ok(plan) => plan,
        Err(Impossible::AsksAlready)
            if service == Service::Ssh && !Machine::read().key_is_enough_for(&enough_for) =>
        {
            return Err(Failure::new(Kind::Usage, WORDS.setup_failures.asks_already));
        }
        Err(Impossible::AsksAlready) => return dialogue.set_up(service, &SetUp::AsksAlready),
        Err(Impossible::NotThere) => return dialogue.set_up(service, &SetUp::NotThere),
        Err(why) => return Err(impossible(&why)),
    };
    dialogue.plan(&plan)?;
    let config = Config::load(None, machine::ROOT)?;
    let shut_out = key_only::shut_out(&plan, &|name| before(&config, name))?;
    dialogue.shut_out(&shut_out.names)?;
    if how.dry_run {
        return Ok(());
    }
    if !how.shut_out {
        shut_out.must_be_nobody()?;
    }
    if !how.now {
        proof(&config, how, &plan)?;
    }
    must_not_go_wrong(&plan, how)?;
    if !how.yes && !dialogue.agrees()? {
        return Err(Failure::new(Kind::Interrupted, WORDS.failures.left_as_it_was));
    }
    if how.now {
        made(engine()?.apply(&plan, None), service, false)?;
        return dialogue.set_up(service, &SetUp::ForGood);
    }
    // Whoever has logged in while the question stood there has proved nothing.
    let engine = engine_with_a_new_watch()?;
    let proof = proof(&config, how, &plan)?;
    let names: Vec<_> = proof.iter().map(|before| before.user.clone()).collect();
    let unconfirmed = waiting(&plan, how.within, proof)?;
    let no_watch = |error| Failure::new(Kind::Unavailable, (WORDS.setup_failures.no_watch)(&error));
    let outcome = engine.apply_watched(&plan, unconfirmed, &setup::start_watch);
    made(outcome.map_err(no_watch)?, service, true)?;
    let by = Some(names).filter(|names| !names.is_empty());
    dialogue.set_up(service, &SetUp::Made { within: how.within, by })
}

fn plan(service: Service, enough_for: &[String]) -> Result<Result<Plan, Impossible>, Failure> {
    let machine = Machine::read();
    if service != Service::Ssh {
        return Ok(machine.plan_pam(service));
    }
    let sshd_fails =
        |why: String| Failure::new(Kind::Unavailable, (WORDS.setup_failures.sshd_fails)(&why));
    machine.plan_ssh(enough_for).map_err(sshd_fails)
}

fn impossible(why: &Impossible) -> Failure {
    let words = &WORDS.setup_failures;
    let message = match why {
        Impossible::NoPassword(path) => (words.no_password)(&path.display()),
        Impossible::SetOnTheCommandLine(keyword) => (words.set_on_the_command_line)(keyword),
        Impossible::HasOurLines(path) => (words.has_our_lines)(&path.display()),
        Impossible::NoPlaceForMatch => words.no_place_for_match.to_owned(),
        Impossible::HasMatch => words.has_match.to_owned(),
        Impossible::PamOff => words.pam_off.to_owned(),
        Impossible::AsksAlready | Impossible::NotThere => String::new(),
    };
    Failure::new(Kind::Unavailable, message)
}

/// How a user stands before the change. `None` if there is no enrolment, or no such user any more.
fn before(config: &Config, name: &str) -> Result<Option<Before>, Failure> {
    let Ok(user) = caller::find(name) else { return Ok(None) };
    let mut store = machine::store(config)?;
    let whose = store.whose(&user, &Nss)?;
    let standing = store.status(&whose, &machine::now)?;
    Ok(Before::of(whose.name.as_str(), &standing))
}

/// Whose logins prove the change. None of them is enrolled: then whoever is not must get in all the same.
fn proof(config: &Config, how: &Setup, plan: &Plan) -> Result<Vec<Before>, Failure> {
    let words = &WORDS.setup_failures;
    if let Some(name) = &how.by {
        if !key_only::is_asked(plan, name) {
            return Err(Failure::new(Kind::Usage, (words.is_not_asked)(name)));
        }
        let before = before(config, name)?;
        let not_enrolled = || Failure::new(Kind::NotEnrolled, (words.not_enrolled)(name));
        return Ok(vec![before.ok_or_else(not_enrolled)?]);
    }
    let mut proof = Vec::new();
    let names = std::env::var("SUDO_USER").ok().into_iter().chain(["root".to_owned()]);
    for name in names.filter(|name| key_only::is_asked(plan, name)) {
        proof.extend(before(config, &name)?);
    }
    let refuses = plan.first != First::Password || config.unenrolled == Some(Unenrolled::Refuse);
    if proof.is_empty() && refuses {
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

fn waiting(plan: &Plan, within: u64, proof: Vec<Before>) -> Result<Unconfirmed, Failure> {
    if !setup::has_systemd() {
        return Err(Failure::new(Kind::Unavailable, WORDS.setup_failures.no_systemd));
    }
    let is_seen = matches!(plan.service, Service::Ssh | Service::Console)
        && setup::has_sessions(&plan.pam_services);
    let sessions = is_seen.then(setup::sessions).flatten();
    let sessions = sessions.map(|all| all.into_iter().map(|session| session.id).collect());
    // The second that has begun does not count.
    let (boot, since) = (setup::boot()?, setup::boot_time()?);
    let (until, pam_services) = (since + 1 + within, plan.pam_services.clone());
    Ok(Unconfirmed { boot, until, proof, since, sessions, pam_services })
}
