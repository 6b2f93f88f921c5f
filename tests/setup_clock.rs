//! The time within which a change by `cloud2fa setup` is to be confirmed goes by a clock that nobody can set, and by
//! no other.
#![allow(missing_docs)]

use cloud2fa_tests::command;
use cloud2fa_tests::machine;
use cloud2fa_tests::setup::{self, UNSHARE, Watch, files, must};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const ON: [&str; 5] = ["sudo", "--within", "10m", "--yes", "--untried"];

/// What is added to the time of day, read at each look at the clock.
const OFFSET: &str = "/run/offset";

/// The library by which the time of day jumps. The clocks that count from the start go on.
fn library() -> PathBuf {
    machine::program("faketime", "faketime");
    let directories = fs::read_dir("/usr/lib").expect("it is there");
    let paths =
        directories.map(|entry| entry.expect("an entry").path().join("faketime/libfaketime.so.1"));
    paths.into_iter().find(|path| path.is_file()).expect("libfaketime")
}

/// Sets the clock of a command that runs from then on, and of those that run.
fn with_another_clock(command: &mut Command) -> &mut Command {
    command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", OFFSET);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

fn set_clock(offset: &str) {
    fs::write(OFFSET, offset).expect("ours");
}

fn year() -> String {
    let date = machine::program("date", "coreutils");
    command::ended(with_another_clock(Command::new(date).arg("+%Y"))).output
}

/// The seconds that are left to confirm the change.
fn seconds_left() -> u64 {
    let said = command::ended(with_another_clock(setup::command(&[]).arg("--json")));
    let lines = said.output.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let seconds = |line: serde_json::Value| line["confirm_within_seconds"].as_u64();
    lines.into_iter().find_map(seconds).unwrap_or_else(|| panic!("{said:?}"))
}

#[test]
fn a_time_of_day_that_jumps_neither_shortens_nor_lengthens_the_window() {
    let _ground = setup::ground();
    let before = files();
    set_clock("+0");
    must(&ON);
    let changed = files();
    let watch = Watch::start(with_another_clock(&mut setup::command(&["--watch"])));
    let (this_year, mut left) = (year(), seconds_left());
    for offset in ["+400d", "-400d"] {
        set_clock(offset);
        assert_ne!(year(), this_year, "the clock has jumped");
        watch.mends(b"damaged, to see that it looks");
        setup::must_stand(&changed, &offset);
        let now = seconds_left();
        assert!(now <= left && now + 300 > left, "{left} s, then {now} s");
        left = now;
    }
    assert!(watch.stop());
    must(&[]);
    setup::must_stand(&before, &"the watch's end");
}

#[test]
fn the_window_ends_by_the_clock_that_counts_from_the_start() {
    let _ground = setup::ground();
    let before = files();
    must(&ON);
    let changed = files();
    let later = |seconds: &str| {
        let mut outer = Command::new(UNSHARE);
        outer.args(["--time", "--boottime", seconds, "--fork", "--kill-child=KILL", "--"]);
        cloud2fa_tests::strace::behind(outer, &setup::command(&["--watch"]))
    };
    let watch = Watch::start_behind(&mut later("60"));
    watch.mends(b"damaged, to see that it looks");
    setup::must_stand(&changed, &"a minute");
    drop(watch);
    assert!(Watch::spawn(&mut later("660")).ends());
    must(&[]);
    setup::must_stand(&before, &"eleven minutes");
}
