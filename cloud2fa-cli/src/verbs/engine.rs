//! The verb `setup` and the engine below it: gets at it, and says why it did not do something.

use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::setup::{self, Engine, JOURNAL, Journal, Left, NotMade, Service, System};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a watch may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between looks.
const PAUSE: Duration = Duration::from_millis(50);

/// What changes something, alone: only for as long as that takes, since the watch must get to it.
pub fn engine() -> Result<Engine<'static>, Failure> {
    Engine::open(Path::new(JOURNAL), &System)?.ok_or_else(busy)
}

/// Likewise, for a change that is to be watched. A watch that has nothing to wait for any more is about to end,
/// and takes back then what it finds: a change that is made now must not be that.
pub fn engine_with_a_new_watch() -> Result<Engine<'static>, Failure> {
    let begin = Instant::now();
    loop {
        let engine = engine()?;
        let is_waiting = readable(engine.journal())?.unconfirmed().next().is_some();
        if is_waiting || !setup::has_watch() {
            return Ok(engine);
        }
        drop(engine);
        if begin.elapsed() > PATIENCE {
            return Err(busy());
        }
        sleep(PAUSE);
    }
}

fn busy() -> Failure {
    Failure::new(Kind::Unavailable, WORDS.setup_failures.busy)
}

/// What was changed. A failure says what to do where nobody can read that.
pub fn readable(journal: io::Result<Journal>) -> Result<Journal, Failure> {
    journal.map_err(|error| Failure::new(Kind::Unavailable, (WORDS.setup.no_journal)(&error)))
}

/// Why a change was not made, of which a watch may know.
pub fn made(
    outcome: Result<(), NotMade>,
    service: Service,
    is_watched: bool,
) -> Result<(), Failure> {
    let words = &WORDS.setup_failures;
    outcome.map_err(|not_made| {
        let message = match not_made {
            NotMade::EditedMeanwhile(path) => (words.edited_meanwhile)(&path.display()),
            NotMade::SetUpBefore => (words.set_up_before)(service.word()),
            NotMade::Failed(error) => (words.failed)(&error),
            NotMade::Left(_, left) if is_watched => (words.left)(left.error()),
            NotMade::Left(error, left) => (words.left_for_good)(&error, &text(service, &left)),
        };
        Failure::new(Kind::Unavailable, message)
    })
}

/// What is left of a change that somebody wants to be taken back.
pub fn not_taken_back(service: Service, left: &Left) -> Failure {
    Failure::new(Kind::Unavailable, text(service, left))
}

fn text(service: Service, left: &Left) -> String {
    let words = &WORDS.setup_failures;
    match left {
        Left::Lines(files, error) if files.is_empty() => (WORDS.setup.no_journal)(error),
        Left::Lines(files, error) => {
            let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            (words.lines_are_left)(service.word(), &files.join(", "), error)
        }
        Left::Effect(error) => (words.effect_is_left)(service.word(), error),
    }
}
