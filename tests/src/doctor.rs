//! What `cloud2fa doctor` says of a booted machine.

use crate::booted::{Machine, all_of};
use serde_json::Value;

/// Ids of what is wrong, sorted, and left out what the machine around this one says: its clock is
/// the one here, too.
pub fn faults(machine: &Machine) -> Vec<String> {
    let mut ids: Vec<_> = wrong(machine).iter().map(|finding| text(finding, "id")).collect();
    ids.sort();
    ids
}

/// Does what is said about a fault, word for word: what begins with four blanks is written into the
/// file, if the text before it names one, or typed as root. Of several ways, which begin with
/// "or", the one of that number.
pub fn do_as_it_says(machine: &Machine, id: &str, wanted: usize) {
    let found = wrong(machine);
    let finding = found.iter().find(|finding| finding["id"] == id);
    let fix = text(finding.unwrap_or_else(|| panic!("no {id}: {found:?}")), "fix");
    // systemd thinks that so many starts are a fault.
    machine.script("systemctl reset-failed ssh");
    let (mut file, mut way) = (None, Some(0));
    for line in fix.lines() {
        if let Some(copied) = line.strip_prefix("    ") {
            if way.is_some_and(|way| way != wanted) {
                continue;
            }
            match file {
                Some(file) => machine.script(&format!("echo '{copied}' >>{file}")),
                None => machine.script(&format!("export DEBIAN_FRONTEND=noninteractive; {copied}")),
            };
        } else if let Some(rest) = line.strip_prefix("In ") {
            file = rest.split([':', ',', ' ']).next();
        } else if line.starts_with("or ") {
            way = way.map(|way| way + 1);
        } else if line.starts_with("Then") {
            (file, way) = (None, None);
        } else if line.starts_with("Line ") || line.starts_with("At the top of ") {
            // A command that changes that line.
            file = None;
        }
    }
}

/// What is more than a note.
fn wrong(machine: &Machine) -> Vec<Value> {
    let said = all_of(&machine.run(&["cloud2fa", "doctor", "--json"], ""));
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {said}")))
        .collect();
    let (last, found) = lines.split_last().expect("a last line");
    assert_eq!(last["findings"], found.len(), "{said}");
    let is_wrong = |finding: &&Value| {
        finding["severity"] != "note" && !text(finding, "id").starts_with("clock_un")
    };
    found.iter().filter(is_wrong).cloned().collect()
}

fn text(finding: &Value, key: &str) -> String {
    finding[key].as_str().expect("a text").to_owned()
}
