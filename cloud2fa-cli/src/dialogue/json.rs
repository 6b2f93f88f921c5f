//! The dialogue with a program: JSON, one object a line.

use super::{Again, Dialogue, Done, Findings, Initialised, NewKey, Question, SetUp, Shut, Why};
use crate::arguments::QrStyle;
use crate::asking::AskedBy;
use crate::failure::{Failure, Kind};
use crate::input::Input;
use crate::language::WORDS;
use crate::machine;
use crate::messages::{self, write_line};
use crate::setup::{Plan, Service};
use crate::verbs::write_back::WentBack;
use cloud2fa::roster::Person;
use cloud2fa::{Answer, Cleared, Factor, Standing, UserName, Verdict};
use cloud2fa_doctor::Report;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use zeroize::Zeroizing;

/// JSON on standard input and output.
pub struct Json {
    input: Input,
    /// Whose enrolment it is, where it is another name's.
    enrolment_of: Option<String>,
}

impl Json {
    pub fn new(input: Input) -> Self {
        Self { input, enrolment_of: None }
    }

    /// Says a result, and whose enrolment it is about.
    fn result(&self, message: &impl Serialize) -> Result<(), Failure> {
        say(&messages::OutcomeOf { message, enrolment_of: self.enrolment_of.as_deref() })
    }
}

fn say(message: &impl Serialize) -> Result<(), Failure> {
    write_line(message).map_err(|error| {
        let message = (WORDS.failures.output_cannot_be_written)(&error);
        Failure::of_output(&error, message)
    })
}

impl Dialogue for Json {
    fn require_interactive(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn ask(&mut self, what: Question, again: Option<Again>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let ask = match what {
            Question::Password => "password",
            Question::Code | Question::BackupCode(_) => "code",
            Question::CurrentCode => "current_code",
        };
        let refused = again.map(|again| match (what, again.why) {
            (_, Why::NotACode) => "not_a_code",
            (Question::Password, _) => "wrong_password",
            _ => "wrong_code",
        });
        let (because, wait_seconds) = match what {
            Question::BackupCode(Shut::Wait(seconds)) => (Some("wait"), Some(seconds)),
            Question::BackupCode(Shut::Locked) => (Some("locked"), None),
            _ => (None, None),
        };
        say(&messages::Ask {
            ask,
            because: refused.or(because),
            wait_seconds,
            tries_left: again.map(|again| again.tries_left),
            clock_off_seconds: again.and_then(|again| match again.why {
                Why::ClockOff { seconds } => Some(seconds),
                Why::Wrong | Why::NotACode => None,
            }),
        })?;
        self.input.line()
    }

    fn make_room(&mut self, _: &str, _: QrStyle) -> Result<(), Failure> {
        Ok(())
    }

    fn ask_for_proof(
        &mut self,
        key: &NewKey<'_>,
        again: Option<Again>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if again.is_none() {
            say(&messages::Key { uri: key.uri, secret: key.secret })?;
        }
        self.ask(Question::Code, again)
    }

    fn next_code(&mut self, _: u64) -> Result<Option<Answer>, Failure> {
        Ok(None)
    }

    fn about(&mut self, _: &str, whose: &str) -> Result<(), Failure> {
        self.enrolment_of = Some(whose.to_owned());
        Ok(())
    }

    fn agrees_to_be_refused(&mut self, _: &str, _: &[String]) -> Result<bool, Failure> {
        Ok(true)
    }

    fn done(&mut self, user: &str, done: &Done<'_>, cleared: Cleared) -> Result<(), Failure> {
        let cleared = messages::Cleared::of(cleared);
        match done {
            Done::Enabled(codes, asked_by) => {
                self.result(&messages::Enabled::of(user, codes.codes, asked_by, cleared))
            }
            Done::Regenerated(codes) => {
                self.result(&messages::Regenerated::of(user, codes.codes, cleared))
            }
            Done::Disabled(refused_by) => {
                self.result(&messages::Disabled { disabled: true, user, refused_by, cleared })
            }
            Done::Unlocked(ahead) => {
                let refused_until = ahead.map(|ahead| machine::rfc_3339(ahead.until));
                self.result(&messages::Unlocked { unlocked: true, user, refused_until, cleared })
            }
        }
    }

    fn plan(&mut self, plan: &Plan) -> Result<(), Failure> {
        say(&messages::Planned::of(plan))
    }

    fn shut_out(&mut self, names: &BTreeSet<String>) -> Result<(), Failure> {
        if names.is_empty() { Ok(()) } else { say(&messages::ShutOut { shut_out: names }) }
    }

    fn agrees(&mut self) -> Result<bool, Failure> {
        Err(Failure::new(Kind::Usage, WORDS.setup_failures.needs_yes))
    }

    fn set_up(&mut self, service: Service, said: &SetUp) -> Result<(), Failure> {
        say(&messages::SetUp::of(service, said))
    }

    fn nothing_set_up(&mut self, _: bool) -> Result<(), Failure> {
        say(&messages::NothingSetUp { changes: 0 })
    }

    fn initialised(&mut self, state_dir: &Path, what: Initialised) -> Result<(), Failure> {
        let (new, format) = (what == Initialised::New, 2);
        let state_dir = state_dir.to_owned();
        say(&messages::Initialised { initialised: true, new, format, state_dir })
    }

    fn went_back(&mut self, went_back: &WentBack) -> Result<(), Failure> {
        let mut failed = went_back.failed.iter();
        failed.try_for_each(|(user, why)| say(&messages::Error::about(user, why)))?;
        say(&messages::WentBack::of(went_back))
    }

    fn verdict(
        &mut self,
        user: &str,
        verdict: &Verdict,
        factor: Option<Factor>,
    ) -> Result<(), Failure> {
        messages::Verified::of(user, verdict, factor)
            .map_or(Ok(()), |message| self.result(&message))
    }

    fn status(
        &mut self,
        user: &str,
        standing: &Standing,
        asked_by: &AskedBy,
    ) -> Result<(), Failure> {
        self.result(&messages::Status::of(user, standing).asked_by(asked_by))
    }

    fn person(&mut self, person: Person) -> Result<(), Failure> {
        let user = person.name.as_str();
        match person.standing {
            Ok(standing) if person.is_known => self.result(&messages::Status::of(user, &standing)),
            Ok(standing) => {
                let renamed_to = person.renamed_to.as_ref().map(UserName::as_str);
                say(&messages::Status::of_unknown(user, renamed_to, &standing))
            }
            Err(why) => say(&messages::Error::about(user, &why.into())),
        }
    }

    fn end_of_list(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn report(&mut self, report: &Report, findings: &Findings<'_>) -> Result<(), Failure> {
        let mut meant = report.findings.iter().filter(|finding| findings.has(finding));
        meant.try_for_each(|finding| say(&messages::Found::of(finding)))?;
        say(&messages::Examined::of(report))
    }

    fn fail(&mut self, failure: &Failure) -> Result<(), Failure> {
        say(&messages::Error::of(failure))
    }
}
