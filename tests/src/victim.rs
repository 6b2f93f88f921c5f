//! A user whose call of the service is killed, and what is left behind.

use crate::processes::wait_for;
use crate::service::{self, Raw};
use crate::slots;
use crate::strace::{Call, Strace};
use crate::user::{self, Enrolled, of_this_machine};
use crate::visitor::{authenticated, call, instance_of, instances_of, verify};
use cloud2fa::Secret;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const STORE: &str = "/var/lib/cloud2fa";

/// What a killed call has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// The old second factor, as it was.
    Old,
    /// The old second factor, and the code is spent.
    Spent,
    /// The new one.
    New,
}

/// What a right code may change in a record.
const CHANGED_BY_SUCCESS: [&str; 3] = ["last_step_at = ", "last_used = ", "spent_backup_codes = "];

/// A user whose call is to be killed. No other test has the same.
#[derive(Debug)]
pub struct Victim {
    /// What the user knows.
    pub enrolled: Enrolled,
    /// The text of the record before the call.
    pub before: Option<String>,
}

impl Victim {
    /// Enrolled with the service's user `name`.
    pub fn enrolled(name: &str) -> Self {
        service::start();
        let secret = Secret::generate().expect("as it was made");
        let enrolled = user::enrol(Path::new(STORE), of_this_machine(name), secret);
        let mut victim = Self { enrolled, before: None };
        victim.before = victim.record();
        victim
    }

    /// Never enrolled.
    pub fn new(name: &str) -> Self {
        let mut victim = Self::enrolled(name);
        std::fs::remove_file(victim.path()).expect("as it was made");
        victim.before = None;
        victim
    }

    /// Whose record it is.
    pub fn name(&self) -> &str {
        self.enrolled.user.name.as_str()
    }

    fn path(&self) -> PathBuf {
        Path::new(STORE).join(format!("{}.account", self.name()))
    }

    /// The text of the record, which must be a whole one.
    pub fn record(&self) -> Option<String> {
        let file = std::fs::read(self.path()).ok()?;
        let whole = file.chunks(slots::SLOT).any(slots::is_whole);
        assert!(whole, "{}: no slot is whole", self.name());
        Some(slots::newest(&file).1)
    }

    /// What the record is now.
    pub fn left(&self) -> Left {
        let now = self.record();
        if now == self.before {
            return Left::Old;
        }
        let kept = |text: &Option<String>| {
            let text = text.as_deref().map(slots::without_decisions);
            let lines = text.iter().flat_map(|text| text.lines());
            let lines =
                lines.filter(|line| !CHANGED_BY_SUCCESS.iter().any(|key| line.starts_with(key)));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        if kept(&now) == kept(&self.before) { Left::Spent } else { Left::New }
    }

    /// A connection on which the password is right, and nothing else has the user's places.
    pub fn connection(&self) -> Raw {
        let uid = self.enrolled.user.uid;
        wait_for("the end of other connections", || instances_of(uid).is_empty().then_some(()));
        authenticated(uid, self.name())
    }

    /// A call on a connection of its own: nothing that was left stands in the way.
    pub fn next(&self, method: &str, parameters: &Value) -> Value {
        self.connection().call(method, parameters)
    }

    /// Calls under strace on the one connection that `uid` has, killed at `at`. Gives the answer, if there was
    /// one, and the calls from where it had read this.
    pub fn traced(
        uid: u32,
        mut connection: Raw,
        method: &str,
        parameters: &Value,
        at: Option<&Call>,
    ) -> (Option<Value>, Vec<Call>) {
        let pid = instance_of(uid);
        let strace = Strace::attach(pid, at.map(Call::kill).as_deref());
        let message =
            json!({ "method": format!("io.cloud2fa.{method}"), "parameters": parameters });
        connection.send(format!("{message}\0").as_bytes());
        let answer = connection.receive();
        drop(connection);
        let is_read = |call: &Call| call.name == "recvfrom" && call.text.contains("\\\"method\\\"");
        let calls = strace.calls();
        if let Some(at) = at {
            let last = calls.last().map(|call| (&call.name, call.number));
            assert_eq!(last, Some((&at.name, at.number)), "it was not killed there");
        }
        let calls = calls.into_iter().skip_while(|call| !is_read(call)).skip(1).collect();
        let answer =
            (!answer.is_empty()).then(|| serde_json::from_slice(&answer).expect("as it was made"));
        (answer, calls)
    }

    /// What this code is worth at a login. Empty if there is no record.
    pub fn login(&self, code: &str) -> String {
        let user = &self.enrolled.user;
        let answer = call(user.uid, "Verify", &verify(user, code, "login"));
        answer["parameters"]["verdict"]["verdict"].as_str().unwrap_or_default().to_owned()
    }

    /// The parameters of a change, with a code of the enrolment that is to be changed.
    pub fn with_code(&self, code: &str) -> Value {
        json!({ "user": self.name(), "current_code": code })
    }

    /// Files of an enrolment that was not finished.
    pub fn leftovers(&self) -> usize {
        let names = std::fs::read_dir(STORE)
            .expect("as it was made")
            .map(|entry| entry.expect("as it was made").file_name());
        let names = names
            .map(|name| name.into_string().expect("as it was made"))
            .filter(|name| name.contains(self.name()));
        names.filter(|name| *name != format!("{}.account", self.name())).count()
    }
}
