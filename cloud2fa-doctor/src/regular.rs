//! Reads a file of settings, whatever lies at its place: a pipe there would make the reader wait
//! for ever.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Files of settings are pages of text.
const LARGEST_FILE: u64 = 256 * 1024;

/// The content of a regular file. `None` if there is none, or it is too large to be one of settings.
pub fn content(path: &Path) -> Option<Vec<u8>> {
    let no_waiting = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let file = File::options().read(true).custom_flags(no_waiting).open(path).ok()?;
    let status = file.metadata().ok()?;
    let mut content = Vec::new();
    (status.is_file() && status.len() <= LARGEST_FILE).then_some(())?;
    file.take(LARGEST_FILE).read_to_end(&mut content).ok()?;
    Some(content)
}

/// The content of such a file as text. `None` if there is none.
pub fn text(path: &Path) -> Option<String> {
    content(path).map(|content| String::from_utf8_lossy(&content).into_owned())
}
