//! Runs of ansible-playbook in the machine.

use cloud2fa_tests::booted::{Machine, all_of};
use serde_json::Value;

/// Where a sysadmin has the role, with the packages beside the playbook, and the inventory.
pub const HERE: &str = "/root/ansible";

/// A run that is over.
#[derive(Debug)]
pub struct Run {
    /// All that it has said.
    pub said: String,
    succeeded: bool,
}

impl Run {
    /// A number of the recap's.
    pub fn count(&self, what: &str) -> u32 {
        let recap = self.said.rsplit("PLAY RECAP").next().expect("text");
        let mut words = recap.split_whitespace();
        let number = words.find_map(|word| word.strip_prefix(what)?.strip_prefix('='));
        number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{}", self.said))
    }

    /// It must have succeeded, and changed something.
    pub fn changed(self) -> Self {
        assert!(self.succeeded && self.count("changed") > 0, "{}", self.said);
        self
    }

    /// It must have succeeded, and changed nothing.
    pub fn changed_nothing(self) -> Self {
        assert!(self.succeeded && self.count("changed") == 0, "{}", self.said);
        self
    }

    /// It must have failed, with this in what it said.
    pub fn failed(self, because: &str) -> Self {
        assert!(!self.succeeded && self.count("failed") == 1, "{}", self.said);
        assert!(self.said.contains(because), "{because}: {}", self.said);
        self
    }
}

/// Runs a playbook with these variables, which win over its own.
pub fn play(machine: &Machine, playbook: &str, variables: &Value, arguments: &[&str]) -> Run {
    let (hosts, playbook) = (format!("{HERE}/hosts.json"), format!("{HERE}/{playbook}"));
    let variables = variables.to_string();
    let words = ["ansible-playbook", "--inventory", &hosts, "--extra-vars", &variables, &playbook];
    let output = machine.run(&[&words[..], arguments].concat(), "");
    Run { said: all_of(&output), succeeded: output.status.success() }
}

/// Runs the example, which is the role and nothing else.
pub fn site(machine: &Machine, variables: &Value) -> Run {
    play(machine, "site.yml", variables, &[])
}

/// The same where nothing may be changed.
pub fn site_in_check_mode(machine: &Machine, variables: &Value) -> Run {
    play(machine, "site.yml", variables, &["--check", "--diff"])
}
