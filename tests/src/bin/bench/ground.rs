//! What the measurements stand on: a directory on a real disk, users whom the system and each
//! module know, a reader of the log.

use crate::codes::{self, Codes};
use crate::module::Module;
use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::{FileStore, Rules, Secret, Standing, Store, User, UserName};
use cloud2fa_tests::{Enrolled, machine, user};
use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Users who log in. The system's list of users is searched line by line: at most so many.
pub const PEOPLE: usize = 1000;

/// Removed with all of it when dropped.
pub struct Ground {
    directory: TempDir,
    people: Vec<Enrolled>,
    bystanders: Vec<User>,
    codes: Codes,
    rounds_left: usize,
}

impl Ground {
    /// Makes all of it.
    pub fn make() -> Self {
        let target = machine::workspace().join("target");
        fs::create_dir_all(&target).expect("a place for what is built");
        let directory =
            tempfile::Builder::new().prefix("bench-").tempdir_in(target).expect("a directory");
        read_the_log();
        let users: Vec<_> = (0..PEOPLE).map(|number| numbered("b", number, 10_000)).collect();
        write_passwd(&users);
        // The users' own secrets: made while they are enrolled in a store that nobody asks.
        let nobodys = directory.path().join("nobodys");
        fs::create_dir(&nobodys).expect("a new directory");
        let secret = || Secret::generate().expect("random numbers");
        let people = users.into_iter().map(|user| user::enrol(&nobodys, user, secret())).collect();
        let ground = Self {
            directory,
            people,
            bystanders: Vec::new(),
            codes: Codes::unspent(PEOPLE),
            rounds_left: 0,
        };
        fs::create_dir(ground.services()).expect("a new directory");
        fs::create_dir(ground.state_of(Module::GoogleAuthenticator)).expect("a new directory");
        fs::create_dir(ground.state_of(Module::Oath)).expect("a new directory");
        let config = format!("state_dir = \"{}\"\n", ground.state_of(Module::Cloud2fa).display());
        fs::write(ground.config(), config).expect("writable");
        fs::write(ground.services().join("other"), "auth required pam_deny.so\n")
            .expect("writable");
        for module in Module::ALL {
            fs::write(ground.services().join(module.name()), module.stack(&ground))
                .expect("writable");
        }
        ground
    }

    /// The users who log in.
    pub fn people(&self) -> &[Enrolled] {
        &self.people
    }

    /// The service files.
    pub fn services(&self) -> PathBuf {
        self.directory.path().join("pam.d")
    }

    /// Our configuration.
    pub fn config(&self) -> PathBuf {
        self.directory.path().join("cloud2fa.toml")
    }

    /// Where a module keeps what it knows.
    pub fn state_of(&self, module: Module) -> PathBuf {
        self.directory.path().join(module.name())
    }

    /// Where else is room on the same disk.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// One more login of everybody is to come; afterwards each may be asked for one code.
    pub fn new_round(&mut self) {
        match self.rounds_left.checked_sub(1) {
            Some(left) => self.rounds_left = left,
            None => self.make_anew(),
        }
    }

    /// Makes all states as new, and waits until the disk has them.
    pub fn make_anew(&mut self) {
        for module in Module::ALL {
            // The bystanders of ours and of pam_google_authenticator have files of their own.
            let others = if module == Module::Oath { &self.bystanders[..] } else { &[] };
            module.enrol(self, &self.people, others);
        }
        self.codes = Codes::unspent(PEOPLE);
        self.rounds_left = codes::ROUNDS - 1;
        self.wait_for_the_disk();
    }

    /// The next code of the user at `index`.
    pub fn code_of(&mut self, index: usize) -> String {
        self.codes.next(index, &self.people[index].secret)
    }

    /// Enrols `count` more, who never log in.
    pub fn enrol_bystanders(&mut self, count: usize) {
        self.bystanders = (0..count).map(|number| numbered("x", number, 100_000)).collect();
        for module in Module::ALL {
            module.enrol(self, &self.people, &self.bystanders);
        }
        self.rounds_left = 0;
        self.wait_for_the_disk();
        let store = self.state_of(Module::Cloud2fa);
        let mut store =
            FileStore::open(&store, 0, Rules::default(), Box::new(HeapMemory::default()))
                .expect("a healthy store");
        let mut healthy = 0;
        for name in store.names_after(None).expect("a list") {
            let listed = store.record(&name, &user::now).expect("it has just been listed");
            healthy += usize::from(matches!(listed.standing, Ok(Standing::Enrolled(..))));
        }
        assert_eq!(healthy, PEOPLE + count, "all are enrolled and healthy");
    }

    /// What is measured is not to wait for what was prepared.
    pub fn wait_for_the_disk(&self) {
        let directory = File::open(self.path()).expect("ours");
        nix::unistd::syncfs(directory).expect("the disk takes it");
    }

    /// The file system that all states lie on, in words.
    pub fn file_system(&self) -> String {
        let path = self.path();
        let answer = Command::new("findmnt").args(["-n", "-o", "FSTYPE", "-T"]).arg(path).output();
        String::from_utf8_lossy(&answer.expect("findmnt, of Debian's mount").stdout)
            .trim()
            .to_owned()
    }
}

/// A user of that number.
pub fn numbered(prefix: &str, number: usize, first_uid: u32) -> User {
    let name = UserName::new(&format!("{prefix}{number:05}")).expect("a good name");
    User { name, uid: first_uid + u32::try_from(number).expect("not that many") }
}

/// Puts `users` into /etc/passwd, behind those that a system needs.
pub fn write_passwd(users: &[User]) {
    let before = fs::read_to_string("/etc/passwd").expect("there is one");
    let of_the_system = |line: &&str| {
        let uid = line.split(':').nth(2).and_then(|uid| uid.parse::<u32>().ok());
        uid.is_some_and(|uid| uid < 1000 || uid == 65_534)
    };
    let mut lines = String::new();
    for line in before.lines().filter(of_the_system) {
        writeln!(lines, "{line}").expect("a String");
    }
    for User { name, uid } in users {
        writeln!(lines, "{name}:x:{uid}:{uid}::/nonexistent:/bin/sh").expect("a String");
    }
    fs::write("/etc/passwd", lines).expect("it is this machine's own");
}

/// Without a reader syslog(3) falls back to the console, and each login gets much slower.
pub fn read_the_log() {
    let _ = fs::remove_file("/dev/log");
    let socket = UnixDatagram::bind("/dev/log").expect("/dev is this machine's own");
    std::thread::spawn(move || {
        let mut line = vec![0; 64 * 1024];
        while socket.recv(&mut line).is_ok() {}
    });
}
