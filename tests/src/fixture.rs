//! One test's own world: a store, users enrolled in it, a configuration and a PAM service.

use crate::libpam::{Application, in_order};
use crate::machine;
use crate::messages::{Code, Message, Reply};
use crate::slots;
use crate::syslog::{self, Line};
use crate::user::{self, Enrolled};
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::{Answer, Config, FileStore, Secret, Status, Store, UnixTime, Verdict, Verifier};
use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// What stands where the module's path goes in a stack's line.
pub const MODULE: &str = "MODULE";
/// What stands where the argument that names the fixture's configuration goes.
pub const CONFIG: &str = "CONFIG";

/// Removed with everything in it when dropped.
#[derive(Debug)]
pub struct Fixture {
    directory: TempDir,
    /// The PAM service's name: no other fixture of this process has it, so that log lines can be told apart.
    pub service: String,
}

/// How a login ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What libpam gave.
    pub code: Code,
    /// All that was said.
    pub messages: Vec<Message>,
    /// How often libpam wanted the program to wait.
    pub delays: usize,
}

impl Outcome {
    /// The prompts.
    pub fn asked(&self) -> Vec<&str> {
        let asked = self.messages.iter().filter(|message| message.is_prompt());
        asked.map(|message| message.text.as_str()).collect()
    }

    /// What was said besides prompts.
    pub fn texts(&self) -> Vec<&str> {
        let said = self.messages.iter().filter(|message| !message.is_prompt());
        said.map(|message| message.text.as_str()).collect()
    }
}

impl Default for Fixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture {
    /// An empty store, the default configuration, and a service with the module alone, `required`.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        syslog::listen();
        let service = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory =
            tempfile::Builder::new().prefix("cloud2fa-").tempdir().expect("a directory");
        let fixture = Self { directory, service };
        std::fs::create_dir(fixture.services()).expect("a new directory");
        FileStore::init(&fixture.store_path(), 0).expect("a store can be made");
        fixture.set_config("");
        fixture.set_service("other", &["auth required pam_deny.so"]);
        fixture.set_stack(&["auth required MODULE CONFIG"]);
        fixture
    }

    /// The same with one user enrolled.
    pub fn with(name: &str) -> (Self, Enrolled) {
        let fixture = Self::new();
        let enrolled = fixture.enrol(name);
        (fixture, enrolled)
    }

    /// The directory of service files.
    pub fn services(&self) -> PathBuf {
        self.directory.path().join("pam.d")
    }

    /// The store's directory.
    pub fn store_path(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// The configuration file.
    pub fn config_path(&self) -> PathBuf {
        self.directory.path().join("cloud2fa.toml")
    }

    /// The account file of a user with a plain name.
    pub fn account_path(&self, name: &str) -> PathBuf {
        self.store_path().join(format!("{name}.account"))
    }

    /// Where else a test may write.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes the configuration: `text` behind the line that names the store.
    pub fn set_config(&self, text: &str) {
        let text = format!("state_dir = \"{}\"\n{text}\n", self.store_path().display());
        std::fs::write(self.config_path(), text).expect("writable");
    }

    /// Writes the service's stack. `MODULE` stands for the module's path, `CONFIG` for
    /// the argument that names this fixture's configuration.
    pub fn set_stack(&self, lines: &[&str]) {
        self.set_service(&self.service, lines);
    }

    /// Writes another service file.
    pub fn set_service(&self, name: &str, lines: &[&str]) {
        let config = format!("config={}", self.config_path().display());
        let text = lines.join("\n") + "\n";
        let text =
            text.replace(MODULE, &machine::module().to_string_lossy()).replace(CONFIG, &config);
        std::fs::write(self.services().join(name), text).expect("writable");
    }

    /// Enrols a user of this machine, with a new secret.
    pub fn enrol(&self, name: &str) -> Enrolled {
        self.enrol_with(name, Secret::generate().expect("random numbers"))
    }

    /// Enrols a user of this machine, with a secret of the test's.
    pub fn enrol_with(&self, name: &str, secret: Secret) -> Enrolled {
        user::enrol(&self.store_path(), user::of_this_machine(name), secret)
    }

    /// The store, opened by the library with the fixture's configuration.
    pub fn store(&self) -> FileStore {
        let rules =
            Config::load(Some(&self.config_path()), 0).expect("a good configuration").rules();
        FileStore::open(&self.store_path(), 0, rules, Box::new(HeapMemory::default()))
            .expect("a healthy store")
    }

    /// How an enrolled user stands.
    pub fn status(&self, of: &Enrolled) -> Status {
        let standing = self.store().status(&of.user, &user::now).expect("a good record");
        standing.status().expect("enrolled").clone()
    }

    /// Lets the library evaluate `answer` at a time that the test makes up.
    pub fn verify_at(&self, whose: &Enrolled, answer: &str, time: UnixTime) -> Verdict {
        let mut store = self.store();
        let challenge = store.challenge(&whose.user, &|| time).expect("a good record");
        let seen = challenge.seen().expect("enrolled").clone();
        let answer = Answer::parse(answer.as_bytes()).expect("shaped like a code");
        store
            .verify(&user::at_login(&whose.user, &seen, &answer), &|| time)
            .expect("it can be written down")
    }

    /// `count` wrong codes in a row, at times of the past that no wait forbids. The last
    /// one is more than the longest wait ago.
    pub fn fail(&self, whose: &Enrolled, count: u64) {
        let wrong = whose.wrong_code();
        for number in 0..count {
            let verdict =
                self.verify_at(whose, &wrong, UnixTime(user::now().0 - 3700 * (count - number)));
            assert!(matches!(verdict, Verdict::Wrong { .. }), "{verdict:?}");
        }
    }

    /// An application at the fixture's service.
    pub fn application<'a>(&self, name: &str, replies: Vec<Reply>) -> Application<'a> {
        Application::start(&self.services(), &self.service, Some(name), in_order(replies))
    }

    /// A login with these answers.
    pub fn login(&self, name: &str, answers: &[&str]) -> Outcome {
        self.login_with(name, answers.iter().map(|answer| Reply::from(*answer)).collect(), 0)
    }

    /// A login with these replies and flags.
    pub fn login_with(&self, name: &str, replies: Vec<Reply>, flags: c_int) -> Outcome {
        let mut application = self.application(name, replies);
        let code = application.authenticate(flags);
        Outcome {
            code,
            messages: application.messages().to_vec(),
            delays: application.delays().len(),
        }
    }

    /// A login at a stack that shows the module's own code, whatever it is: libpam makes
    /// another one of `PAM_IGNORE` where nothing else stands in the stack.
    pub fn raw(&self, name: &str, arguments: &str, replies: Vec<Reply>) -> Outcome {
        self.raw_as(&self.service, name, arguments, replies)
    }

    /// The same under another service's name.
    pub fn raw_as(
        &self,
        service: &str,
        name: &str,
        arguments: &str,
        replies: Vec<Reply>,
    ) -> Outcome {
        self.set_service(
            service,
            &[
                &format!("auth [success=2 ignore=1 default=die] MODULE {arguments}"),
                "auth requisite pam_deny.so",
                // Stands for PAM_IGNORE: no module of ours gives this one.
                "auth [default=die] pam_debug.so auth=cred_unavail",
                "auth required pam_permit.so",
            ],
        );
        let mut application =
            Application::start(&self.services(), service, Some(name), in_order(replies));
        let code = application.authenticate(0);
        let code = if code == Code::CRED_UNAVAIL { Code::IGNORE } else { code };
        // pam_debug says which code it gives.
        let said =
            application.messages().iter().filter(|message| !message.text.starts_with("auth="));
        Outcome { code, messages: said.cloned().collect(), delays: application.delays().len() }
    }

    /// Writes another value for `key` into a user's record: what time or chance would do.
    pub fn rewrite(&self, whose: &Enrolled, key: &str, value: &str) {
        let path = self.account_path(whose.user.name.as_str());
        let (sequence, text) = slots::newest(&std::fs::read(&path).expect("a record"));
        let slot = slots::seal(slots::FORMAT, sequence + 1, &user::with_value(&text, key, value));
        user::write_private(&path, &[&slot[..], &slot[..]].concat());
    }

    /// The bytes of a user's record.
    pub fn record(&self, whose: &Enrolled) -> Vec<u8> {
        std::fs::read(self.account_path(whose.user.name.as_str())).expect("a record")
    }

    /// The module's log lines of this fixture's service.
    pub fn log(&self) -> Vec<Line> {
        syslog::lines_of(&self.service)
    }

    /// The last of them: severity and message.
    pub fn last_log_line(&self) -> (&'static str, String) {
        let lines = self.log();
        let line = lines.last().expect("the module has logged something");
        (line.severity(), line.message().to_owned())
    }
}
