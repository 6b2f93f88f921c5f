//! Connects to a socket as the user that it runs as: a service knows its peer by who called
//! connect(2), whoever uses the connection later.
//!
//! ```text
//! connector SOCKET         connects the socket that is its standard input, and ends
//! connector SOCKET COUNT   makes so many connections, and holds them until its input ends
//! connector SOCKET listen  lets the socket that is its standard input listen there, and ends
//! ```
//!
//! The second one says `open` on standard output when it has them all. A client knows its peer
//! by who called listen(2), too.

#![forbid(unsafe_code)]

use nix::sys::socket::{Backlog, UnixAddr, bind, connect, listen};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let socket = arguments.next().expect("usage: connector SOCKET [COUNT|listen]");
    let address = UnixAddr::new(socket.as_str()).expect("a path");
    let Some(count) = arguments.next() else {
        connect(std::io::stdin().as_raw_fd(), &address).expect("somebody listens");
        return;
    };
    if count == "listen" {
        bind(std::io::stdin().as_raw_fd(), &address).expect("a directory to write to");
        listen(&std::io::stdin(), Backlog::MAXCONN).expect("a socket");
        return;
    }
    let count: usize = count.parse().expect("a number");
    let held: Vec<_> =
        (0..count).map(|_| UnixStream::connect(&socket).expect("somebody listens")).collect();
    println!("open");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(held);
}
