//! A user who stops and kills his own su and sudo: others must not notice, and no code may
//! serve twice.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::killer::{Killer, Random};
use cloud2fa_tests::processes::{
    another_user, at_terminal, descendant_named, is_stopped, real_uid, status_field, wait_for,
    wait_until_it_reads, with_stacks,
};
use cloud2fa_tests::pty::Pty;
use cloud2fa_tests::{Enrolled, Fixture, machine, user};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");
const PROMPT: &str = "Verification code: ";
/// su says "Password: ", sudo "[sudo] password for …".
const SECOND_PROMPT: &str = "assword";
const IN: &str = "now in";
const REPLAYED: &str = "This code was already used or is too old";
/// Whom su makes of its user. sudo asks its user for the user's own code.
const TARGET: &str = "bob";
/// `SigBlk` where all is blocked that can be: not SIGKILL and SIGSTOP, nor the two of the C library's own.
const ALL_SIGNALS: &str = "fffffffe7ffbfeff";

/// A stack of the module, and of `more` behind it.
fn fixture(more: &[&str]) -> Fixture {
    static SUDOERS: Once = Once::new();
    let fixture = Fixture::new();
    let sudoers =
        "Defaults passwd_tries=1, lecture=never, timestamp_timeout=0\nALL ALL=(ALL:ALL) ALL\n";
    SUDOERS.call_once(|| std::fs::write("/etc/sudoers", sudoers).expect("a private /etc"));
    let session = ["account required pam_permit.so", "session required pam_permit.so"];
    for service in ["su", "sudo"] {
        fixture.set_service(service, &[&["auth required MODULE CONFIG"], more, &session].concat());
    }
    fixture
}

/// A login by root's own program, that waits for no lock (5 s), whatever others do. Gives the code's name.
fn login_in_time(fixture: &Fixture, whose: &Enrolled, code: &str, about: &str) -> String {
    let begin = Instant::now();
    let mut host = HostProcess::start(PAM_HOST, &[], fixture, whose.user.name.as_str());
    host.wait_for_prompt();
    host.answer(code);
    let outcome = host.wait_for_code().expect("nobody kills it");
    let took = begin.elapsed();
    assert!(
        took < Duration::from_secs(4),
        "{about}: the login of {} took {took:?}",
        whose.user.name
    );
    outcome
}

/// What the user runs, and kills.
fn words(program: &str) -> &'static [&'static str] {
    match program {
        "su" => &["su", TARGET, "-c", "echo now $(echo in)"],
        _ => &["sudo", "/bin/sh", "-c", "echo now $(echo in)"],
    }
}

fn start(fixture: &Fixture, program: &str, mallory: &str) -> Pty {
    at_terminal(fixture, mallory, words(program))
}

/// One round: the user's program gets a right code and, at a random moment, is stopped or
/// killed. Says whether the kernel let the user do that.
fn once(
    fixture: &Fixture,
    program: &str,
    mallory: &str,
    killer: &mut Killer,
    random: &mut Random,
    longest: u64,
) -> bool {
    let (target, other) =
        (fixture.enrol(if program == "su" { TARGET } else { mallory }), fixture.enrol("carol"));
    let code = target.code_at(0);
    let mut terminal = start(fixture, program, mallory);
    let pid = terminal.id();
    let is_asked = random.below(8) > 0;
    if is_asked {
        terminal.answer(PROMPT, &code);
    } else {
        wait_for("the program", || (status_field(pid, "Name")? == program).then_some(()));
    }
    let moment = Instant::now() + Duration::from_micros(random.below(longest));
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
    let signal = if random.below(2) == 0 { "STOP" } else { "KILL" };
    let sent = killer.send(signal, pid);
    let about = format!("{program}, {signal}");
    assert_eq!(login_in_time(fixture, &other, &other.code(), &about), "PAM_SUCCESS");
    let by_root = login_in_time(fixture, &target, &code, &about) == "PAM_SUCCESS";
    // It goes on until it knows, or is killed where it stands.
    if is_asked && random.below(2) == 0 {
        // A signal that was sent a moment after the kernel had asked who may has stopped it where its
        // user cannot continue it by kill(2) from elsewhere; the shell of its session always can.
        if !killer.send("CONT", pid) {
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGCONT);
        }
        if terminal.shows_one_of(&[IN, REPLAYED]).is_none() {
            let what = format!("{about}: the end of a program that was continued");
            wait_for(&what, || terminal.has_ended().then_some(()));
        }
    }
    killer.send("KILL", pid);
    let by_user = terminal.transcript().contains(IN);
    drop(terminal);
    assert!(!(by_root && by_user), "{about}: one code has let in two");
    // Of this moment, however long the round took on a busy machine.
    let next = target.code_at(1);
    assert_eq!(login_in_time(fixture, &target, &next, &about), "PAM_SUCCESS", "the next code");
    sent
}

/// Microseconds from the answer to the end of a login that nobody disturbs.
fn undisturbed(fixture: &Fixture, program: &str, mallory: &str) -> u64 {
    let times = (0..5).map(|_| {
        let target = fixture.enrol(if program == "su" { TARGET } else { mallory });
        let mut terminal = start(fixture, program, mallory);
        terminal.answer(PROMPT, &target.code());
        let begin = Instant::now();
        terminal.expect(IN);
        begin.elapsed().as_micros().try_into().expect("not that long")
    });
    times.min().expect("five of them")
}

/// 250 rounds in which the user disturbs `program`.
fn delays_nobody(program: &str) {
    let (fixture, mallory) = (fixture(&[]), another_user());
    let mut killer = Killer::of(&mallory);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let longest = undisturbed(&fixture, program, &mallory);
    let mut round = || once(&fixture, program, &mallory, &mut killer, &mut random, longest);
    let sent = (0..250).filter(|_| round()).count();
    // The others came while the program was out of reach.
    assert!(sent > 125, "{program}: the user could send {sent} of 250 signals");
}

#[test]
fn who_stops_and_kills_his_own_su_250_times_delays_nobody() {
    delays_nobody("su");
}

#[test]
fn who_stops_and_kills_his_own_sudo_250_times_delays_nobody() {
    delays_nobody("sudo");
}

#[test]
fn a_process_that_is_stopped_with_the_lock_held_is_continued() {
    // kill(2) checks who may, and sends a moment later: some rounds of the tests above end
    // so. Here the holder stops itself, and would hold the lock for ever.
    let (fixture, bob) = Fixture::with(TARGET);
    let account = fixture.account_path(TARGET);
    let flock = machine::program("flock", "util-linux");
    for rounds in 0..3 {
        let mut holder = Command::new(&flock)
            .arg("--no-fork")
            .arg(&account)
            .args(["/bin/sh", "-c", "kill -s STOP $$; exit 7"])
            .spawn()
            .expect("flock starts");
        wait_for("a stopped process", || is_stopped(holder.id()).then_some(()));
        assert_eq!(
            login_in_time(&fixture, &bob, &bob.code_at(rounds - 1), "stopped"),
            "PAM_SUCCESS"
        );
        assert_eq!(holder.wait().expect("a child of ours").code(), Some(7), "it has gone on");
    }
}

/// Brings `program` to where it holds the account's lock, or waits for it, by way of
/// `hold`; the user can do nothing to it there, and all is as before afterwards.
fn is_out_of_reach(
    fixture: &Fixture,
    program: &str,
    mallory: &str,
    terminal: &mut Pty,
    target: &Enrolled,
    hold: impl FnOnce(),
) {
    let codes = [target.code_at(0), target.code_at(1)];
    let mut killer = Killer::of(mallory);
    let own = user::of_this_machine(mallory).uid;
    terminal.expect(PROMPT);
    let pid = if status_field(terminal.id(), "Name").as_deref() == Some("strace") {
        descendant_named(terminal.id(), program)
    } else {
        terminal.id()
    };
    wait_until_it_reads(pid);
    let before = ["Uid", "Gid", "SigBlk", "SigIgn"].map(|field| status_field(pid, field));
    let may_signal = killer.send("CONT", pid);
    assert_eq!(may_signal, real_uid(pid) == Some(own), "kill(2): who has the same real uid may");
    terminal.type_line(&codes[0]);
    wait_for("all signals to be blocked", || {
        (status_field(pid, "SigBlk")? == ALL_SIGNALS).then_some(())
    });
    wait_for("root's real uid", || (real_uid(pid)? == 0).then_some(()));
    for signal in ["STOP", "KILL", "TERM", "CONT"] {
        assert!(!killer.send(signal, pid), "{program}: {signal} was sent");
    }
    hold();
    terminal.expect(SECOND_PROMPT);
    wait_until_it_reads(pid);
    let after = ["Uid", "Gid", "SigBlk", "SigIgn"].map(|field| status_field(pid, field));
    assert_eq!(after, before, "{program}");
    // Stopped here, where the lock is not held any more, it delays nobody.
    assert_eq!(killer.send("STOP", pid), may_signal);
    wait_for("a stopped program", || (is_stopped(pid) == may_signal).then_some(()));
    assert_eq!(login_in_time(fixture, target, &codes[0], program), "PAM_AUTH_ERR", "it is spent");
    assert_eq!(login_in_time(fixture, target, &codes[1], program), "PAM_SUCCESS");
}

#[test]
fn the_user_cannot_reach_a_program_that_writes_the_verdict_down() {
    let fixture = fixture(&["auth required pam_unix.so"]);
    for program in ["su", "sudo"] {
        let mallory = another_user();
        let target = fixture.enrol(if program == "su" { TARGET } else { &mallory });
        let strace = machine::program("strace", "strace").to_string_lossy().into_owned();
        let log = fixture.path().join("strace").to_string_lossy().into_owned();
        // Root's strace makes the last step, with the lock held, last for two seconds.
        let slow = [
            "-qq",
            "-o",
            &log,
            "-e",
            "trace=fdatasync",
            "-e",
            "inject=fdatasync:delay_enter=2s",
            "-u",
            &mallory,
        ];
        let words = [&[&strace[..]], &slow[..], words(program)].concat();
        let mut terminal = Pty::start(&with_stacks(&fixture, &["su", "sudo"], &words));
        let record =
            std::fs::metadata(fixture.account_path(target.user.name.as_str())).expect("a record");
        is_out_of_reach(&fixture, program, &mallory, &mut terminal, &target, || {
            let locks = std::fs::read_to_string("/proc/locks").expect("readable");
            assert!(locks.contains(&format!(":{} ", record.ino())), "the lock is held:\n{locks}");
        });
    }
}

#[test]
fn the_user_cannot_reach_a_program_that_waits_for_the_lock() {
    let fixture = fixture(&["auth required pam_unix.so"]);
    for program in ["su", "sudo"] {
        let mallory = another_user();
        let target = fixture.enrol(if program == "su" { TARGET } else { &mallory });
        let record = File::open(fixture.account_path(target.user.name.as_str())).expect("a record");
        record.lock().expect("nobody has it");
        let mut terminal = start(&fixture, program, &mallory);
        is_out_of_reach(&fixture, program, &mallory, &mut terminal, &target, || {
            record.unlock().expect("it is locked");
        });
    }
}
