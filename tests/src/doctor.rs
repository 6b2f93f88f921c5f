//! What `cloud2fa doctor` says of a booted machine.

use crate::booted::{Machine, all_of};
use serde_json::Value;

/// Ids of what is wrong, sorted, and left out what the machine around this one says: its clock is
/// the one here, too.
pub fn faults(machine: &Machine) -> Vec<String> {
    let said = all_of(&machine.run(&["cloud2fa", "doctor", "--json"], ""));
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {said}")))
        .collect();
    let (last, found) = lines.split_last().expect("a last line");
    assert_eq!(last["findings"], found.len(), "{said}");
    let wrong = found.iter().filter(|finding| finding["severity"] != "note");
    let ids = wrong.filter_map(|finding| finding["id"].as_str());
    let mut ids: Vec<_> = ids.filter(|id| !id.starts_with("clock_un")).map(str::to_owned).collect();
    ids.sort();
    ids
}
