//! A terminal with a person before it: a pty, a program in it, and what its screen shows.

use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a program may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program in a terminal.
pub struct Terminal {
    keyboard: File,
    shown: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    child: Child,
    size: (NonZero<u16>, NonZero<u16>),
}

impl Terminal {
    /// Starts `command` in a terminal of so many columns.
    pub fn start(command: &Command, columns: u16) -> Self {
        let rows = 120;
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a pty");
        let slave = |fd: &OwnedFd| fd.try_clone().expect("a descriptor");
        // setsid makes the pty the program's controlling terminal, so that Ctrl-C is a signal.
        let mut in_terminal = Command::new("setsid");
        in_terminal.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => in_terminal.env(name, value),
                None => in_terminal.env_remove(name),
            };
        }
        let child = in_terminal
            .stdin(slave(&pty.slave))
            .stdout(slave(&pty.slave))
            .stderr(slave(&pty.slave))
            .spawn()
            .expect("the program starts (setsid is in util-linux)");
        drop(pty.slave);
        let keyboard = File::from(pty.master);
        let mut screen = keyboard.try_clone().expect("a descriptor");
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            // A pty whose programs have all ended gives EIO.
            while let Ok(read @ 1..) = screen.read(&mut chunk) {
                if sender.send(chunk[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = [rows, columns].map(|number| NonZero::new(number).expect("not 0"));
        Self { keyboard, shown, bytes: Vec::new(), child, size: size.into() }
    }

    /// Waits until `text` was shown.
    pub fn expect(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.all().contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.bytes.extend(bytes),
                Err(error) => panic!("{text:?} was not shown ({error}), but:\n{}", self.all()),
            }
        }
    }

    /// Types.
    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("somebody reads");
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        use nix::sys::termios::{LocalFlags, tcgetattr};
        tcgetattr(&self.keyboard).expect("a terminal").local_flags.contains(LocalFlags::ECHO)
    }

    /// Waits for the end of the program; gives all that was shown, and the exit status.
    pub fn end(mut self) -> (String, i32) {
        while let Ok(bytes) = self.shown.recv_timeout(PATIENCE) {
            self.bytes.extend(bytes);
        }
        let status = self.child.wait().expect("it ends");
        (self.all(), status.code().expect("it ends by itself"))
    }

    /// All that was shown so far, escape sequences included.
    pub fn all(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The screen as a terminal shows it.
    pub fn screen(&self) -> vt100::Parser {
        let mut parser = vt100::Parser::new(self.size.0, self.size.1, 0);
        parser.process(&self.bytes);
        parser
    }
}
