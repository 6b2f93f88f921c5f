//! Small file systems of a test's own: made, mounted over a fixture's store, filled up.

use crate::processes::wait_for;
use crate::{Fixture, machine};
use cloud2fa::FileStore;
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// What kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ext4 in an image.
    Ext4,
    /// xfs in an image; mkfs.xfs makes none smaller than 300 MiB.
    Xfs,
    /// btrfs in an image: its subvolumes have devices of their own.
    Btrfs,
    /// In memory.
    Tmpfs,
    /// In memory, laid over a directory on another file system.
    Overlay,
}

/// A file system of its own under the store of a fixture. Unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    mounted_at: PathBuf,
}

impl Disk {
    /// Makes a file system, with an empty store in it, where the fixture has its store.
    pub fn under(fixture: &Fixture, kind: Kind) -> Self {
        let at = fixture.store_path();
        match kind {
            Kind::Tmpfs => run(Command::new("mount")
                .args(["-t", "tmpfs", "-o", "mode=0700,size=256k", "tmpfs"])
                .arg(&at)),
            Kind::Overlay => {
                let [upper, work] = ["upper", "work"].map(|name| fixture.path().join(name));
                for path in [&upper, &work] {
                    std::fs::create_dir(path).expect("ours");
                }
                let (upper, work) = (upper.display(), work.display());
                run(Command::new("mount")
                    .args(["-t", "overlay", "-o"])
                    .arg(format!("lowerdir=/srv,upperdir={upper},workdir={work}"))
                    .arg("overlay")
                    .arg(&at));
            }
            Kind::Btrfs | Kind::Ext4 | Kind::Xfs => {
                let image = fixture.path().join("image");
                make_image(&image, kind);
                mount_image(&image, &at, "loop");
            }
        }
        let disk = Self { mounted_at: at };
        std::fs::set_permissions(&disk.mounted_at, Permissions::from_mode(0o700)).expect("ours");
        FileStore::init(&disk.mounted_at, 0).expect("a store can be made");
        disk
    }

    /// Takes all room, down to the last block: a file that has nothing cannot get one.
    pub fn fill(&self) {
        let filler = File::create(self.mounted_at.join("filler")).expect("there is room yet");
        let (mut size, mut chunk) = (0_i64, 256 << 20);
        while chunk >= 512 {
            match fallocate(&filler, FallocateFlags::empty(), size, chunk) {
                Ok(()) => size += chunk,
                Err(Errno::ENOSPC) => chunk /= 2,
                Err(errno) => panic!("fallocate: {errno}"),
            }
        }
        self.fill_with_files();
        assert!(self.is_full(), "there is still room");
    }

    /// What is given back, or was kept for later, is taken by files of one block.
    fn fill_with_files(&self) {
        for number in 0..100_000 {
            let path = self.mounted_at.join(format!("filler{number}"));
            let written = File::create(&path).and_then(|mut file| {
                file.write_all(&[b'x'; 4096])?;
                file.sync_all()
            });
            if written.is_err() {
                return;
            }
        }
        panic!("it does not get full");
    }

    /// Whether not even one block can be had.
    pub fn is_full(&self) -> bool {
        let path = self.mounted_at.join("probe");
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&[b'x'; 4096])?;
            file.sync_all()
        });
        let _ = std::fs::remove_file(path);
        written.is_err_and(|error| error.kind() == ErrorKind::StorageFull)
    }

    /// Makes it read-only.
    pub fn make_read_only(&self) {
        run_when_free(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.mounted_at));
    }

    /// Makes it writable again.
    pub fn make_writable(&self) {
        run(Command::new("mount").args(["-o", "remount,rw"]).arg(&self.mounted_at));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The image's loop device goes with the mount: mount(8) sets it to.
        if std::thread::panicking() {
            let _ = Command::new("umount").arg(&self.mounted_at).status();
        } else {
            run_when_free(Command::new("umount").arg(&self.mounted_at));
        }
    }
}

/// Makes a small file system in a file.
pub(crate) fn make_image(image: &Path, kind: Kind) {
    let (mebibytes, name, package) = match kind {
        Kind::Btrfs => (128, "mkfs.btrfs", "btrfs-progs"),
        Kind::Ext4 => (8, "mkfs.ext4", "e2fsprogs"),
        Kind::Xfs => (300, "mkfs.xfs", "xfsprogs"),
        Kind::Tmpfs | Kind::Overlay => panic!("{kind:?} is in no image"),
    };
    File::create(image).and_then(|file| file.set_len(mebibytes << 20)).expect("an image");
    run(Command::new(machine::program(name, package)).arg("-q").arg(image));
}

/// Mounts such a file. The options have `loop` among them.
pub(crate) fn mount_image(image: &Path, at: &Path, options: &str) {
    make_loop_devices();
    run(Command::new("mount").args(["-o", options]).arg(image).arg(at));
}

/// The private machine's /dev has none.
fn make_loop_devices() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        machine::must_be_private();
        let device = |name: &str, kind: &str, major: &str, minor: &str| {
            // Another test program may have been on this machine before.
            if !Path::new(name).exists() {
                run(Command::new("mknod").args([name, kind, major, minor]));
            }
        };
        device("/dev/loop-control", "c", "10", "237");
        for number in 0..64 {
            device(&format!("/dev/loop{number}"), "b", "7", &number.to_string());
        }
    });
}

/// A program that another test starts has our open files, too, until it has become itself (exec).
fn run_when_free(command: &mut Command) {
    wait_for(&format!("{command:?}"), || command.status().ok()?.success().then_some(()));
}

/// Runs what must succeed.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
