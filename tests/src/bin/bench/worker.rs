//! A process that logs people in, one of several at once. Its parent writes a line for each
//! login, `USER CODE WHEN`, and reads a line: whether it was accepted. At the end of its input
//! the process says how much memory it has, in KiB.

use crate::ground::Ground;
use crate::module::Module;
use cloud2fa_tests::libpam::{Application, in_order};
use cloud2fa_tests::{Code, Reply};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The argument that makes the program a worker.
pub const COMMAND: &str = "worker";

/// A worker, as its parent sees it.
pub struct Worker {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one that logs in at `module`.
    pub fn start(ground: &Ground, module: Module) -> Self {
        let program = std::env::current_exe().expect("this program has a file");
        let mut process = Command::new(program)
            .arg(COMMAND)
            .arg(ground.services())
            .arg(module.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let requests = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, requests, answers }
    }

    /// Asks for one login, not before `when`.
    pub fn ask(&mut self, user: &str, code: &str, when: SystemTime) {
        let when = when.duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
        writeln!(self.requests, "{user} {code} {when}").expect("the worker lives");
    }

    /// Whether the next of the logins asked for was accepted.
    pub fn answer(&mut self) -> bool {
        line(&mut self.answers) == "accepted"
    }

    /// Ends the worker. Gives the memory that it had at the end, in KiB.
    pub fn end(self) -> u64 {
        let Self { mut process, requests, mut answers } = self;
        drop(requests);
        let resident = line(&mut answers).parse().expect("a number");
        process.wait().expect("it ends");
        resident
    }
}

fn line(answers: &mut impl BufRead) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).expect("the worker answers");
    line.trim_end().to_owned()
}

/// The worker's own side.
pub fn serve(services: &Path, service: &str) {
    for line in io::stdin().lock().lines() {
        let line = line.expect("the parent writes text");
        let [user, code, when] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("bad line")
        };
        let when = UNIX_EPOCH + Duration::from_micros(when.parse().expect("a time"));
        if let Ok(early) = when.duration_since(SystemTime::now()) {
            std::thread::sleep(early);
        }
        println!("{}", if log_in(services, service, user, code) { "accepted" } else { "refused" });
    }
    println!("{}", resident_kib());
}

/// One login, from `pam_start` to `pam_end`. Whether it was accepted.
pub fn log_in(services: &Path, service: &str, user: &str, code: &str) -> bool {
    let replies = in_order(vec![Reply::from(code)]);
    Application::start(services, service, Some(user), replies).authenticate(0) == Code::SUCCESS
}

/// The memory of this process (proc_pid_status(5)).
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
