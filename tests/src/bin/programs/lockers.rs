//! Lockers of a terminal and of a screen: they run as the user, and have one field.

use crate::ground::{ENROLLED, Factor, one_field, show_faults, with};
use crate::proof::must_be_said;
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::pty::Pty;

/// What each answer in the field of a lock is, and what the log says of it. The last opens.
fn answers(factor: &mut Factor) -> [(String, &'static str); 4] {
    let spent = factor.of_the_app();
    let of = |code: &str| format!("{PASSWORD}{code}");
    [
        (of(&factor.wrong), "reason=wrong_code"),
        (PASSWORD.to_owned(), "reason="),
        (of(&spent), "accepted"),
        (of(&factor.code()), "accepted"),
    ]
}

/// Without a file of its own its lock goes by `other`, which has the profile in it.
pub fn screen(machine: &Machine) {
    with(machine, "", |mut factor| {
        machine.script("DEBIAN_FRONTEND=noninteractive pam-auth-update --enable cloud2fa");
        show_faults(machine, "screen's lock, the profile on");
        locks(machine, |terminal| {
            let since = machine.journal_cursor();
            terminal.answer("Password:", PASSWORD);
            must_come(machine, &since, "pam_cloud2fa(screen:auth): refused");
            terminal.expect("Password:");
        });
        one_field(machine, "screen");
        show_faults(machine, "screen's lock, one field");
        let answers = answers(&mut factor);
        locks(machine, |terminal| {
            for (field, said) in &answers[..3] {
                let since = machine.journal_cursor();
                terminal.answer("Password:", field);
                must_come(machine, &since, said);
            }
            terminal.answer("$ ", "echo un''locked");
            terminal.expect("unlocked");
        });
        // What has opened it once does not do so again.
        locks(machine, |terminal| {
            let since = machine.journal_cursor();
            terminal.answer("Password:", &answers[2].0);
            must_come(machine, &since, "reason=replayed");
            terminal.answer("Password:", &answers[3].0);
            terminal.answer("$ ", "echo un''locked");
            terminal.expect("unlocked");
        });
    });
}

/// A screen of the user's, locked.
fn locks(machine: &Machine, act: impl FnOnce(&mut Pty)) {
    // It wants a terminal whose name it finds.
    let screen = "TERM=vt100 HOME=/home/rosa exec screen -S locked sh";
    let words = [
        "runuser",
        "--user",
        ENROLLED,
        "--",
        "script",
        "--quiet",
        "--command",
        screen,
        "/dev/null",
    ];
    let mut terminal = machine.at_terminal(&words.map(str::to_owned));
    terminal.expect("$ ");
    terminal.press("\x01x");
    act(&mut terminal);
    machine.script(&format!("runuser --login {ENROLLED} -c 'screen -S locked -X quit' || :"));
}

/// Waits until the log says it.
fn must_come(machine: &Machine, since: &str, words: &str) {
    wait_for(words, || machine.journal_since(since).contains(words).then_some(()));
    must_be_said(machine, since, words);
}

pub fn i3lock(machine: &Machine) {
    with(machine, "", |mut factor| {
        one_field(machine, "i3lock");
        show_faults(machine, "i3lock, one field");
        machine.script(
            "systemd-run --quiet --unit=xvfb --property=Type=exec Xvfb :9 -ac -nolisten tcp",
        );
        wait_for("the screen", || {
            machine.run(&["test", "-S", "/tmp/.X11-unix/X9"], "").status.success().then_some(())
        });
        let answers = answers(&mut factor);
        lock_screen(machine);
        for (field, said) in &answers[..3] {
            type_at_screen(machine, field, said);
        }
        is_open(machine);
        lock_screen(machine);
        type_at_screen(machine, &answers[2].0, "reason=replayed");
        type_at_screen(machine, &answers[3].0, "accepted");
        is_open(machine);
        machine.script("systemctl stop xvfb");
    });
}

/// It stays in the background. What systemd starts in such a machine may not lock memory.
fn lock_screen(machine: &Machine) {
    machine.script(&format!("runuser --user {ENROLLED} -- env DISPLAY=:9 i3lock >/dev/null 2>&1"));
}

/// i3lock takes no keys while it asks PAM; then it does again.
fn type_at_screen(machine: &Machine, field: &str, said: &str) {
    let since = machine.journal_cursor();
    let mut tries = 0;
    wait_for(said, || {
        if tries % 500 == 0 {
            machine.script(&format!(
                "DISPLAY=:9 xdotool key Escape type '{field}'; DISPLAY=:9 xdotool key Return"
            ));
        }
        tries += 1;
        machine.journal_since(&since).contains(said).then_some(())
    });
}

fn is_open(machine: &Machine) {
    wait_for("the end of the lock", || {
        (!machine.run(&["pgrep", "--exact", "i3lock"], "").status.success()).then_some(())
    });
}
