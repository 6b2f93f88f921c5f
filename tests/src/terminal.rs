//! A terminal of a certain size, and what its screen shows of the command in it.

use crate::pty::Pty;
use cloud2fa::Secret;
use std::num::NonZero;
use std::process::Command;

/// A command in a terminal.
#[derive(Debug)]
pub struct Terminal {
    pty: Pty,
    /// Rows and columns.
    size: (u16, u16),
}

impl Terminal {
    /// Starts `command` in a terminal of so many columns, where nothing scrolls away.
    pub fn start(command: &Command, columns: u16) -> Self {
        Self::start_of_size(command, columns, 120)
    }

    /// Starts `command` in a terminal of so many columns and rows.
    pub fn start_of_size(command: &Command, columns: u16, rows: u16) -> Self {
        let script = format!("stty rows {rows} columns {columns} && exec \"$@\"");
        let mut in_size = Command::new("/bin/sh");
        in_size.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
        in_size.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { pty: Pty::run(&in_size), size: (rows, columns) }
    }

    /// Waits until `text` is shown, behind what was expected before.
    pub fn expect(&mut self, text: &str) {
        self.pty.expect(text);
    }

    /// Types.
    pub fn type_in(&mut self, keys: &str) {
        self.pty.press(keys);
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        self.pty.echoes()
    }

    /// Waits for the end of the program; gives all that was shown, and the exit status.
    pub fn end(self) -> (String, i32) {
        let ended = self.pty.finish();
        (ended.shown, ended.status)
    }

    /// All that was shown so far, escape sequences included.
    pub fn all(&self) -> String {
        self.pty.transcript()
    }

    /// The key that was shown in groups of four, last of all.
    pub fn shown_secret(&self) -> Secret {
        let all = self.all();
        let is_group = |word: &&str| {
            word.len() == 4
                && word.chars().all(|c| c.is_ascii_uppercase() || ('2'..='7').contains(&c))
        };
        let groups: Vec<_> = all.split_whitespace().filter(is_group).collect();
        let last = groups.last_chunk::<8>().unwrap_or_else(|| panic!("no key in groups:\n{all}"));
        Secret::from_base32(&last.concat()).expect("a key")
    }

    /// Answers an enrolment's questions behind the code that proves it: the backup codes are saved, and the
    /// next code is not tried.
    pub fn finish_enrolment(&mut self) {
        self.say_that_codes_are_saved();
        self.expect("press Enter to finish: ");
        self.type_in("\n");
    }

    /// Says that the backup codes are saved.
    pub fn say_that_codes_are_saved(&mut self) {
        self.expect("Have you saved them? [y/n] ");
        self.type_in("y\n");
    }

    /// The screen as a terminal shows it.
    pub fn screen(&self) -> vt100::Parser {
        let not_zero = |number| NonZero::new(number).expect("not 0");
        let mut parser = vt100::Parser::new(not_zero(self.size.0), not_zero(self.size.1), 0);
        parser.process(self.pty.bytes());
        parser
    }
}

/// The backup codes in what a terminal has shown.
pub fn shown_codes(screen: &str) -> Vec<String> {
    let is_code = |word: &&str| word.len() == 15 && word.matches('-').count() == 2;
    screen.split_whitespace().filter(is_code).map(str::to_owned).collect()
}
