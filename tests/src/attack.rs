//! A hostile user at the service, with a uid of its own, while another user is served all the
//! time: what must be true of it, whatever is sent.

use crate::command::ended;
use crate::processes::{status_field, wait_for};
use crate::service::{self, Raw, as_uid};
use crate::user::{self, of_this_machine};
use crate::visitor::{self, error_of, instances_of};
use cloud2fa::Secret;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Where the service has its store.
const STORE: &str = "/var/lib/cloud2fa";

/// What a process of the service may ever use: 9 MiB are Argon2's for a backup code.
const MOST_MEMORY_KIB: u64 = 16 * 1024;

/// How long the other user may wait for an answer, on a machine under load.
const SERVED_WITHIN: Duration = Duration::from_secs(20);

/// How long connections may take to be hung up on that are given some seconds, on a machine under load.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A hostile user, and what is watched meanwhile.
#[derive(Debug)]
pub struct Attack {
    /// The attacker's.
    pub uid: u32,
    /// The attacker's, who is enrolled.
    pub name: &'static str,
    before: BTreeMap<PathBuf, Vec<u8>>,
    watch: Watch,
}

/// What runs beside an attack.
#[derive(Debug)]
struct Watch {
    over: Arc<AtomicBool>,
    memory: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
    served: Arc<AtomicU32>,
}

impl Watch {
    /// Over the processes of `attacker`, and over `neighbour`, whose command
    /// asks for the status all the time.
    fn start(attacker: u32, neighbour: &'static str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (memory, served) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU32::new(0)));
        let sampler = {
            let (over, memory) = (over.clone(), memory.clone());
            move || {
                while !over.load(Ordering::Relaxed) {
                    for pid in instances_of(attacker) {
                        memory.fetch_max(peak_of(pid), Ordering::Relaxed);
                    }
                    thread::sleep(Duration::from_millis(2));
                }
            }
        };
        let asker = {
            let (over, served) = (over.clone(), served.clone());
            move || {
                let uid = of_this_machine(neighbour).uid;
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let mut status = as_uid(uid, Path::new(service::COMMAND));
                    let ended = ended(status.args(["status", "--json"]).stdin(Stdio::null()));
                    assert_eq!(ended.last()["enrolled"], true, "{ended:?}");
                    assert!(begun.elapsed() < SERVED_WITHIN, "served in {:?}", begun.elapsed());
                    served.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        Self { over, memory, served, threads: vec![thread::spawn(sampler), thread::spawn(asker)] }
    }
}

/// The most that a process has used, in KiB. `None` if it is gone.
fn peak_of(pid: u32) -> u64 {
    let peak = status_field(pid, "VmHWM").and_then(|text| text.split(' ').next()?.parse().ok());
    peak.unwrap_or(0)
}

impl Attack {
    /// By the user `name`, while `neighbour` is served. Both are enrolled.
    pub fn by(name: &'static str, neighbour: &'static str) -> Self {
        service::start();
        for name in [name, neighbour] {
            let secret = Secret::generate().expect("random numbers");
            user::enrol(Path::new(STORE), of_this_machine(name), secret);
        }
        let uid = of_this_machine(name).uid;
        let before = files_of([name, neighbour].map(path_of));
        Self { uid, name, before, watch: Watch::start(uid, neighbour) }
    }

    /// A connection of the attacker's.
    pub fn connect(&self) -> Raw {
        visitor::connect(self.uid)
    }

    /// Waits until no process serves the attacker any more; gives how long that took.
    pub fn until_all_are_gone(&self, within: Duration) -> Duration {
        let begun = Instant::now();
        while !instances_of(self.uid).is_empty() {
            assert!(begun.elapsed() < within, "still there after {:?}", begun.elapsed());
            thread::sleep(Duration::from_millis(5));
        }
        begun.elapsed()
    }

    /// Waits until so many processes serve the attacker, and their memory was looked at.
    pub fn until_there_are(&self, count: usize) {
        wait_for("the service's processes", || {
            let measured = self.watch.memory.load(Ordering::Relaxed) > 0;
            (measured && instances_of(self.uid).len() == count).then_some(())
        });
    }

    /// The attacker's record.
    pub fn record(&self) -> String {
        String::from_utf8(std::fs::read(path_of(self.name)).expect("a record")).expect("text")
    }

    /// Takes the attacker's record as it is now for the one that must not change.
    pub fn record_may_have_changed(&mut self) {
        self.before = files_of(self.before.keys().cloned());
    }

    /// What must be true after each attack.
    pub fn end(self, what: &str) {
        // Some attacks are shorter than a busy machine takes to start a command.
        let is_served = || self.watch.served.load(Ordering::Relaxed) > 0;
        wait_for("the other user to be served", || is_served().then_some(()));
        self.until_all_are_gone(PATIENCE);
        let served = self.watch.served.load(Ordering::Relaxed);
        self.watch.over.store(true, Ordering::Relaxed);
        for thread in self.watch.threads {
            thread.join().expect("the other user is served");
        }
        let memory = self.watch.memory.load(Ordering::Relaxed);
        eprintln!(
            "{what}: at most {memory} KiB a process; the other user was served {served} times"
        );
        assert!((1..=MOST_MEMORY_KIB).contains(&memory), "{memory} KiB");
        assert!(files_of(self.before.keys().cloned()) == self.before, "the store has changed");
        let answer = visitor::call(self.uid, "GetStatus", &json!({ "user": self.name }));
        assert_eq!(error_of(&answer), None, "the attacker is served again, too");
    }
}

fn path_of(name: &str) -> PathBuf {
    Path::new(STORE).join(format!("{name}.account"))
}

/// These files, whole.
fn files_of(paths: impl IntoIterator<Item = PathBuf>) -> BTreeMap<PathBuf, Vec<u8>> {
    let read = |path: PathBuf| (path.clone(), std::fs::read(path).expect("a record"));
    paths.into_iter().map(read).collect()
}
