//! Connects to a socket as the user that it runs as: a service knows its peer by who called
//! connect(2), whoever uses the connection later.
//!
//! ```text
//! connector SOCKET         connects the socket that is its standard input, and ends
//! connector SOCKET COUNT   makes so many connections, and holds them until its input ends
//! ```
//!
//! The second one says `open` on standard output when it has them all.

#![forbid(unsafe_code)]

use nix::sys::socket::{UnixAddr, connect};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let socket = arguments.next().expect("usage: connector SOCKET [COUNT]");
    let Some(count) = arguments.next() else {
        let address = UnixAddr::new(socket.as_str()).expect("a path");
        connect(std::io::stdin().as_raw_fd(), &address).expect("somebody listens");
        return;
    };
    let count: usize = count.parse().expect("a number");
    let held: Vec<_> =
        (0..count).map(|_| UnixStream::connect(&socket).expect("somebody listens")).collect();
    println!("open");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(held);
}
