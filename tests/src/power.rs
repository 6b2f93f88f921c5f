//! A file system that holds /etc of a private machine and loses its power: what was not synchronised is gone.

use crate::disk::{self, Kind};
use crate::machine;
use crate::processes::wait_for;
use nix::mount::{MntFlags, umount2};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where it is mounted.
const ETC: &str = "/etc";

/// How much still reaches the disk of what was not synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrives {
    /// Nothing.
    Nothing,
    /// What names and sizes files have, and not what stands in them.
    Names,
}

/// /etc on a disk of its own.
#[derive(Debug)]
pub struct Etc {
    directory: TempDir,
    kind: Kind,
}

impl Etc {
    /// Moves /etc, as it is, onto a new file system.
    pub fn on(kind: Kind) -> Self {
        machine::must_be_private();
        let etc = Self { directory: TempDir::new().expect("a directory"), kind };
        disk::make_image(&etc.image(), kind);
        let copy = etc.directory.path().join("copy");
        disk::run(Command::new("cp").args(["--archive", ETC]).arg(&copy));
        etc.mount();
        disk::run(
            Command::new("cp").args(["--archive", "--no-target-directory"]).arg(&copy).arg(ETC),
        );
        disk::run(Command::new("sync").args(["--file-system", ETC]));
        etc
    }

    /// Cuts the power, and mounts what the disk has.
    pub fn cut(&self, arrives: Arrives) {
        let how = match arrives {
            Arrives::Nothing => "shutdown",
            Arrives::Names => "shutdown -f",
        };
        disk::run(
            Command::new(machine::program("xfs_io", "xfsprogs")).args(["-x", "-c", how, ETC]),
        );
        let written = std::fs::write(Path::new(ETC).join("probe"), "");
        assert!(written.is_err(), "the file system goes on");
        unmount();
        self.mount();
    }

    /// Keeps what is there now, under a name.
    pub fn save(&self, name: &str) {
        unmount();
        self.copy("image", name);
        self.mount();
    }

    /// Has what was kept under that name.
    pub fn load(&self, name: &str) {
        unmount();
        self.copy(name, "image");
        self.mount();
    }

    fn copy(&self, from: &str, to: &str) {
        let [from, to] = [from, to].map(|name| self.directory.path().join(name));
        disk::run(Command::new("cp").arg("--sparse=always").args([from, to]));
    }

    fn image(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    /// With nothing that it writes by itself after a while.
    fn mount(&self) {
        let options = if self.kind == Kind::Ext4 { "loop,commit=3600" } else { "loop" };
        disk::mount_image(&self.image(), Path::new(ETC), options);
    }
}

impl Drop for Etc {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = umount2(ETC, MntFlags::MNT_DETACH);
        } else {
            unmount();
        }
    }
}

/// Not by a program, which might want something of /etc.
fn unmount() {
    wait_for("/etc to be free", || umount2(ETC, MntFlags::empty()).ok());
}
