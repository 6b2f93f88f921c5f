//! `bench pairs COMMIT`: a login with this version's module beside one with an older version's, in
//! turn, in many processes, each with its store on a disk and in memory.
//!
//! One process alone misleads: in it a module lies at the same addresses all the time. So does one
//! file: how the kernel has put it into its cache (in large pieces or in small ones) made 7 % of a
//! login here, so that each process has copies of its own of both modules, as an installation writes
//! them. Nor is a median worth anything where others have the processor: each runs with real-time
//! priority.

use crate::codes::wait_for;
use crate::ground::read_the_log;
use crate::latency::Times;
use crate::worker::log_in;
use cloud2fa::Secret;
use cloud2fa_tests::command::Dialogue;
use cloud2fa_tests::user;
use cloud2fa_tests::{Enrolled, machine, older};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// How the program is called for one process of these.
pub const COMMAND: &str = "pairs-process";

/// Processes, one after another.
const PROCESSES: usize = 30;

/// Logins of each kind in a process.
const ROUNDS: usize = 40;

/// The services, in the order of the table.
const SERVICES: [&str; 3] = ["permit", "older", "this"];

/// Whoever logs in.
const WHO: &str = "alice";

/// Prints the table.
pub fn bench(commit: &str) {
    machine::must_be_private();
    read_the_log();
    let older = older::at(commit);
    println!(
        "| logins, the store on | pam_permit | {commit} | this version | this : {commit} | above pam_permit |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    let disk = machine::workspace().join("target");
    for (place, what) in [(std::env::temp_dir(), "memory"), (disk, "the machine's disk")] {
        let ground = Ground::make(&place, &older);
        let medians: Vec<_> = (0..PROCESSES).map(|_| ground.process()).collect();
        let [permit, old, new] = [0, 1, 2].map(|at| middle(medians.iter().map(|times| times[at])));
        println!(
            "| {what} | {permit:.0} µs | {old:.0} µs | {new:.0} µs | {:.2} | {:.2} |",
            middle(medians.iter().map(|times| times[2] / times[1])),
            middle(medians.iter().map(|times| (times[2] - times[0]) / (times[1] - times[0]))),
        );
    }
}

/// Services, and a store of each version with one user.
struct Ground {
    directory: TempDir,
    /// What was built: the name of the service, and the module.
    modules: [(&'static str, PathBuf); 2],
}

impl Ground {
    fn make(place: &Path, older: &Path) -> Self {
        let directory = tempfile::Builder::new().prefix("pairs-").tempdir_in(place);
        let modules = [("older", older::module(older)), ("this", machine::module())];
        let ground = Self { directory: directory.expect("a directory"), modules };
        fs::create_dir(ground.path("pam.d")).expect("a new directory");
        ground.service("other", "pam_deny.so");
        ground.service("permit", "pam_permit.so");
        let commands = [older::command(older), cloud2fa_tests::command::path()];
        for ((name, _), command) in ground.modules.iter().zip(commands) {
            let config = ground.path(&format!("{name}.toml"));
            let state = format!("state_dir = \"{}\"\n", ground.path(name).display());
            fs::write(&config, state).expect("writable");
            let (module, config) = (ground.module(name), config.display());
            ground.service(name, &format!("{} config={config}", module.display()));
            ground.enrol(name, &command);
        }
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where the copy of a module is.
    fn module(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.so"))
    }

    fn service(&self, name: &str, module: &str) {
        let line = format!("auth required {module}\n");
        fs::write(self.path("pam.d").join(name), line).expect("writable");
    }

    /// Enrols by the version's own command, with a proof that was long ago. The secret is kept for
    /// the process that logs in.
    fn enrol(&self, name: &str, command: &Path) {
        let with = |words: &[&str]| {
            let mut command = Command::new(command);
            command.arg("--config").arg(self.path(&format!("{name}.toml"))).args(words);
            command.arg("--json");
            command
        };
        assert!(with(&["init"]).output().expect("it starts").status.success());
        let mut dialogue = Dialogue::spawn(&mut with(&["enable", "--user", WHO]));
        let key = dialogue.line();
        let secret = key["secret"].as_str().expect("a secret").to_owned();
        dialogue.line();
        let enrolled = enrolled(&secret);
        dialogue.answer(&enrolled.code_at(-1));
        assert_eq!(dialogue.end().status, 0);
        fs::write(self.path(&format!("{name}.secret")), secret).expect("writable");
        fs::write(self.path(&format!("{name}.record")), self.record(name)).expect("writable");
    }

    fn record(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name).join(format!("{WHO}.account"))).expect("a record")
    }

    /// The medians of one process, µs.
    fn process(&self) -> [f64; 3] {
        for (name, built) in &self.modules {
            let copy = self.module(name);
            // A new file, also in the cache.
            let _ = fs::remove_file(&copy);
            fs::copy(built, copy).expect("room for a module");
        }
        let this = std::env::current_exe().expect("this program has a file");
        let mut command = Command::new(machine::program("chrt", "util-linux"));
        let output =
            command.args(["-f", "10"]).arg(this).arg(COMMAND).arg(self.directory.path()).output();
        let output = output.expect("chrt starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        let medians: Vec<f64> =
            text.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        medians.try_into().expect("one for each service")
    }
}

/// One process: logs in at each service in turn, from the same state each time.
pub fn process(ground: &Path) {
    let services = ground.join("pam.d");
    wait_for(10);
    let mut states: Vec<_> = SERVICES[1..].iter().map(|name| State::of(ground, name)).collect();
    for (name, state) in SERVICES[1..].iter().zip(&mut states) {
        assert!(log_in(&services, name, WHO, &state.first_code), "{name}");
        state.keep();
    }
    let mut times: [Times; 3] = Default::default();
    for round in 0..ROUNDS {
        for turn in 0..SERVICES.len() {
            let at = (turn + round) % SERVICES.len();
            let code = at.checked_sub(1).map_or("", |at| {
                states[at].restore();
                &states[at].code
            });
            times[at].add(|| assert!(log_in(&services, SERVICES[at], WHO, code)));
        }
    }
    let medians = times.map(|times| times.median().as_secs_f64() * 1e6);
    println!("{} {} {}", medians[0], medians[1], medians[2]);
}

/// A record, and what it is to be again before each login.
struct State {
    file: File,
    content: Vec<u8>,
    first_code: String,
    /// Right for as long as the process runs, and unspent in the state that is kept.
    code: String,
}

impl State {
    fn of(ground: &Path, name: &str) -> Self {
        let file = ground.join(name).join(format!("{WHO}.account"));
        let file = File::options().read(true).write(true).open(file).expect("a record");
        let content = fs::read(ground.join(format!("{name}.record"))).expect("ours");
        let secret = fs::read_to_string(ground.join(format!("{name}.secret"))).expect("ours");
        let enrolled = enrolled(&secret);
        let (first_code, code) = (enrolled.code_at(0), enrolled.code_at(1));
        let state = Self { file, content, first_code, code };
        state.restore();
        state
    }

    fn restore(&self) {
        self.file.write_all_at(&self.content, 0).expect("writable");
        self.file.sync_data().expect("the disk takes it");
    }

    /// Takes the record as a login has left it.
    fn keep(&mut self) {
        self.file.read_exact_at(&mut self.content, 0).expect("a whole record");
    }
}

fn enrolled(secret: &str) -> Enrolled {
    let secret = Secret::from_base32(secret).expect("base32");
    Enrolled { user: user::of_this_machine(WHO), secret, backup_codes: Vec::new() }
}

/// The one in the middle.
fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
