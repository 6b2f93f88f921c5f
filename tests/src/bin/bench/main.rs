//! `make bench`: how fast the module is, how much memory it takes and what it lets through,
//! beside Debian's other modules for codes and beside what no module can go below.
//!
//! ```text
//! tests/private-machine target/release/bench
//! tests/private-machine target/release/bench pairs COMMIT    beside an older version
//! tests/private-machine target/release/bench flat     what grows with the number of users
//! tests/bench_service            the service, in a booted machine
//! ```
//!
//! All is measured in one run and in turn, so that what else the machine does hits all
//! alike. The stores lie on the file system of the workspace's target directory, the log has
//! a reader. It prints the table of README.md, and how far the project's targets are reached.

mod codes;
mod crowd;
mod flat;
mod ground;
mod latency;
mod memory;
mod module;
mod pairs;
mod report;
mod service;
mod worker;

use cloud2fa_tests::machine;
use crowd::Crowd;
use ground::{Ground, PEOPLE};
use latency::Subject;
use module::Module;
use report::Report;
use std::time::Instant;

/// Enrolled in the second part.
const MANY: usize = 100_000;

/// Rewriting one file of so many lines takes pam_oath long: it shall not take the bench's time.
const OATH_LOGINS_AMONG_MANY: usize = 50;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => bench(),
        [command, services, service] if command == worker::COMMAND => {
            worker::serve(services.as_ref(), service);
        }
        [command] if command == flat::COMMAND => flat::bench(),
        [command, commit] if command == "pairs" => pairs::bench(commit),
        [command, ground] if command == pairs::COMMAND => pairs::process(ground.as_ref()),
        [command] if command == service::COMMAND => service::bench(),
        [command, name] if command == service::CROWD => service::one_of_crowd(name),
        [command, socket] if command == service::GREETED => service::one_who_is_greeted(socket),
        [command, program, uid] if command == service::STATUS => {
            service::times_of_status(program, uid);
        }
        _ => {
            eprintln!("usage: tests/private-machine target/release/bench [pairs COMMIT | flat]");
            std::process::exit(2);
        }
    }
}

fn bench() {
    machine::must_be_private();
    let start = Instant::now();
    let say = |what: &str| eprintln!("bench: {:3} s: {what}", start.elapsed().as_secs());
    say("making users");
    let mut ground = Ground::make();
    let everybody = |subject| (subject, PEOPLE);
    say("one login after another, 1000 enrolled");
    let few = latency::measure(&mut ground, &Subject::ALL.map(everybody), 4);
    let backup_codes = latency::by_backup_code(&mut ground);
    say("eight at once");
    let mut crowd = Crowd::gather(&ground);
    let crowd = crowd::Findings {
        throughput: crowd.throughput(&mut ground),
        races: crowd.races(&mut ground),
    };
    say("memory");
    let memory = Module::ALL.map(|module| (module, memory::after_logins(&mut ground, module)));
    say("enrolling 99,000 more");
    ground.enrol_bystanders(MANY - PEOPLE);
    say("one login after another, 100,000 enrolled");
    let many = latency::measure(
        &mut ground,
        &Subject::ALL.map(|subject| match subject {
            Subject::Login(Module::Oath) => (subject, OATH_LOGINS_AMONG_MANY),
            _ => everybody(subject),
        }),
        3,
    );
    let file_system = ground.file_system();
    say("removing all of it");
    drop(ground);
    say("done");
    print!("{}", Report { few, many, backup_codes, crowd, memory, file_system });
}
