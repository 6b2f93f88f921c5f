//! A change, on files of a directory of its own, with a machine that may refuse to go by them.

use super::*;
use std::cell::Cell;
use std::fs;

/// A machine whose services may refuse to go by their files.
#[derive(Default)]
struct Machine {
    refuses: Cell<u32>,
}

impl Reload for Machine {
    fn check(&self, _: Service) -> io::Result<()> {
        Ok(())
    }

    fn reload(&self, _: Service) -> io::Result<()> {
        if self.refuses.get() == 0 {
            return Ok(());
        }
        self.refuses.set(self.refuses.get() - 1);
        Err(io::Error::other("no"))
    }
}

struct Ground {
    home: tempfile::TempDir,
    machine: Machine,
}

impl Ground {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("sshd"), "@include common-auth\n# caf\u{e9}\n").unwrap();
        Self { home, machine: Machine::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn engine(&self) -> Engine<'_> {
        Engine::of(&self.path("journal"), &self.machine, None)
    }

    fn plan(&self) -> Plan {
        let edit = |name, place| {
            let before = files::text(&self.path(name)).unwrap();
            let text = before.clone().unwrap_or_default();
            let after = block::with(&text, "line", place).unwrap();
            Edit { path: self.path(name), before, after }
        };
        let edits =
            vec![edit("drop-in", block::Place::Top), edit("sshd", block::Place::BelowPassword)];
        let (first, pam_services) = (super::super::plan::First::Password, vec!["sshd".to_owned()]);
        Plan { service: Service::Ssh, first, pam_services, edits }
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.home.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }
}

fn unconfirmed() -> Unconfirmed {
    let (boot, proof, sessions, pam_services) = ("boot".to_owned(), Vec::new(), None, Vec::new());
    Unconfirmed { boot, until: 300, proof, since: 0, sessions, pam_services }
}

#[test]
fn what_is_taken_back_leaves_every_byte_as_it_was() {
    let ground = Ground::new();
    let before = ground.files();
    let engine = ground.engine();
    engine.apply(&ground.plan(), Some(unconfirmed())).unwrap();
    assert_eq!(engine.journal().unwrap().unconfirmed().count(), 1);
    assert_ne!(ground.files(), before);
    engine.take_back(Service::Ssh).unwrap();
    assert_eq!(ground.files(), before);
    engine.take_back(Service::Ssh).unwrap();
    assert_eq!(ground.files(), before);
}

#[test]
fn what_others_have_edited_meanwhile_stays() {
    let ground = Ground::new();
    let engine = ground.engine();
    engine.apply(&ground.plan(), Some(unconfirmed())).unwrap();
    for name in ["sshd", "drop-in"] {
        let text = files::text(&ground.path(name)).unwrap().unwrap();
        files::write_text(&ground.path(name), &format!("{text}another's\n")).unwrap();
    }
    engine.expire(Service::Ssh).unwrap();
    let text = |name| files::text(&ground.path(name)).unwrap().unwrap();
    assert_eq!(text("sshd"), "@include common-auth\n# caf\u{c3}\u{a9}\nanother's\n");
    assert_eq!(text("drop-in"), "another's\n");
    assert_eq!(engine.journal().unwrap().taken_back, [Service::Ssh]);
    engine.forget_taken_back().unwrap();
    assert!(!ground.path("journal").exists());
}

#[test]
fn a_file_that_was_edited_since_it_was_looked_at_is_not_written_over() {
    let ground = Ground::new();
    let plan = ground.plan();
    fs::write(ground.path("sshd"), "@include common-auth\nedited\n").unwrap();
    let before = ground.files();
    let not_made = ground.engine().apply(&plan, None).unwrap_err();
    assert!(matches!(not_made, NotMade::EditedMeanwhile(path) if path == ground.path("sshd")));
    assert_eq!(ground.files(), before);
}

#[test]
fn what_the_service_does_not_take_is_taken_back_at_once_or_by_the_watch() {
    let ground = Ground::new();
    let before = ground.files();
    ground.machine.refuses.set(1);
    let not_made = ground.engine().apply(&ground.plan(), Some(unconfirmed())).unwrap_err();
    assert!(matches!(not_made, NotMade::Failed(_)), "{not_made:?}");
    assert_eq!(ground.files(), before);
    ground.machine.refuses.set(2);
    let not_made = ground.engine().apply(&ground.plan(), Some(unconfirmed())).unwrap_err();
    assert!(matches!(not_made, NotMade::Left(_, Left::Effect(_))), "{not_made:?}");
    // The watch need not wait for anybody.
    let journal = ground.engine().journal().unwrap();
    assert_eq!(
        journal.unconfirmed().map(|(_, unconfirmed)| unconfirmed.until).collect::<Vec<_>>(),
        [0]
    );
    ground.engine().take_back(Service::Ssh).unwrap();
    assert_eq!(ground.files(), before);
}

#[test]
fn lines_that_are_out_cannot_be_kept_and_files_that_cannot_be_written_are_named() {
    let ground = Ground::new();
    let (before, engine) = (ground.files(), ground.engine());
    engine.apply(&ground.plan(), Some(unconfirmed())).unwrap();
    ground.machine.refuses.set(1);
    assert!(matches!(engine.expire(Service::Ssh), Err(Left::Effect(_))));
    engine.keep(Service::Ssh).unwrap_err();
    engine.expire(Service::Ssh).unwrap();
    engine.forget_taken_back().unwrap();
    engine.apply(&ground.plan(), Some(unconfirmed())).unwrap();
    // In the place of what would be written.
    let in_the_way = ground.path("sshd.cloud2fa.new");
    fs::create_dir(&in_the_way).unwrap();
    let Err(Left::Lines(files, _)) = engine.take_back(Service::Ssh) else { panic!("it worked") };
    assert_eq!(files, ["drop-in", "sshd"].map(|name| ground.path(name)));
    fs::remove_dir(in_the_way).unwrap();
    engine.take_back(Service::Ssh).unwrap();
    assert_eq!(ground.files(), before);
}

#[test]
fn a_damaged_journal_is_written_anew_as_it_was() {
    let ground = Ground::new();
    let (before, engine) = (ground.files(), ground.engine());
    engine.apply(&ground.plan(), Some(unconfirmed())).unwrap();
    let (journal, whole) = (engine.journal().unwrap(), ground.files());
    fs::write(ground.path("journal"), "{").unwrap();
    engine.journal().unwrap_err();
    assert!(matches!(engine.take_back(Service::Ssh), Err(Left::Lines(..))));
    engine.write_anew(Some(&journal)).unwrap();
    assert_eq!(ground.files(), whole);
    engine.take_back(Service::Ssh).unwrap();
    assert_eq!(ground.files(), before);
}

#[test]
fn what_is_kept_is_not_waited_for_any_more_and_can_be_taken_back_later() {
    let ground = Ground::new();
    let before = ground.files();
    let engine = ground.engine();
    engine.apply(&ground.plan(), Some(unconfirmed())).unwrap();
    engine.keep(Service::Ssh).unwrap();
    assert_eq!(engine.journal().unwrap().unconfirmed().count(), 0);
    engine.take_back(Service::Ssh).unwrap();
    assert_eq!(ground.files(), before);
}
