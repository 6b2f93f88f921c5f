//! Which programs of PAM's the network reaches: by the sockets that listen, and by who has them.

use crate::programs_of_pam::{PROGRAMS, SASLAUTHD};
use crate::{processes, programs};
use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Tables of the kernel's (proc_net_tcp.txt), and the state of a socket that waits for whoever comes: LISTEN
/// and, of one that has no connections, CLOSE.
const TABLES: [(&str, &str); 4] = [
    ("/proc/net/tcp", "0A"),
    ("/proc/net/tcp6", "0A"),
    ("/proc/net/udp", "07"),
    ("/proc/net/udp6", "07"),
];

/// Whose socket units are those of programs to come.
const SYSTEMD: &str = "1";

/// Who asks PAM by way of saslauthd, as far as Debian sets it up so.
const MAIL_SERVERS: [&str; 3] = ["Postfix", "Exim", "Cyrus"];

/// The programs that the network reaches, by name.
pub fn reachable() -> BTreeSet<&'static str> {
    let sockets: BTreeSet<_> = TABLES
        .iter()
        .flat_map(|(table, state)| inodes(&fs::read_to_string(table).unwrap_or_default(), state))
        .collect();
    if sockets.is_empty() {
        return BTreeSet::new();
    }
    let processes = processes::all();
    let listening = processes.iter().filter(|process| has_one_of(&process.at, &sockets));
    let waited_for = PROGRAMS.iter().filter(|program| !program.sockets.is_empty());
    let by_systemd = has_one_of(&Path::new("/proc").join(SYSTEMD), &sockets);
    let waited_for = waited_for.filter(|_| by_systemd).filter(|program| {
        let mut units = program.sockets.iter();
        units.any(|unit| is_reachable(&listens_at(unit)))
    });
    let listening = listening.map(|process| process.program).chain(waited_for);
    let mut names: BTreeSet<_> = listening.map(|it| it.name).collect();
    // It is asked by those who listen.
    let asks = |name: &&str| MAIL_SERVERS.contains(name);
    if names.iter().any(asks) && processes.iter().any(|it| it.program.name == SASLAUTHD) {
        names.insert(SASLAUTHD);
    }
    names
}

/// The sockets in that state which others than this machine reach, by inode.
fn inodes(table: &str, state: &str) -> BTreeSet<u64> {
    let sockets = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let address = address(fields.get(1)?.split(':').next()?)?;
        let is_meant = fields.get(3) == Some(&state) && !address.is_loopback();
        is_meant.then(|| fields.get(9)?.parse().ok())?
    });
    sockets.collect()
}

/// An address as these tables have it: words of the machine's own byte order.
fn address(hex: &str) -> Option<IpAddr> {
    let words = hex.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let bytes = words.collect::<Option<Vec<_>>>()?.concat();
    let four = <[u8; 4]>::try_from(&bytes[..]).map(|it| IpAddr::V4(Ipv4Addr::from(it)));
    let sixteen = || <[u8; 16]>::try_from(&bytes[..]).map(|it| IpAddr::V6(Ipv6Addr::from(it)));
    four.or_else(|_| sixteen()).ok().map(|it| it.to_canonical())
}

fn has_one_of(process: &Path, sockets: &BTreeSet<u64>) -> bool {
    let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    let links = open.filter_map(|it| fs::read_link(it.path()).ok());
    let mut inodes = links.filter_map(|link: PathBuf| {
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    });
    inodes.any(|inode| sockets.contains(&inode))
}

/// What systemd says of a socket unit.
fn listens_at(unit: &str) -> String {
    let properties = ["show", unit, "--property", "ActiveState,Listen"];
    programs::ask("systemctl", &properties).map(|said| said.output).unwrap_or_default()
}

/// Whether it listens where others than this machine come to.
fn is_reachable(said: &str) -> bool {
    let is_active = said.lines().any(|line| line == "ActiveState=active");
    let mut addresses = said.lines().filter_map(|line| {
        line.strip_prefix("Listen=")?.split(' ').next()?.parse::<SocketAddr>().ok()
    });
    is_active && addresses.any(|it| !it.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    fn inode(listener: &TcpListener) -> u64 {
        let link = fs::read_link(format!("/proc/self/fd/{}", listener.as_raw_fd())).unwrap();
        let text = link.to_str().unwrap().trim_matches(|it: char| !it.is_ascii_digit());
        text.parse().unwrap()
    }

    fn listed() -> BTreeSet<u64> {
        let of = |(table, state): &(&str, &str)| {
            inodes(&fs::read_to_string(table).unwrap_or_default(), state)
        };
        TABLES.iter().flat_map(of).collect()
    }

    #[test]
    fn a_socket_that_listens_is_reached_unless_it_is_bound_to_the_machine_itself() {
        for (address, is_reached) in [("0.0.0.0:0", true), ("127.0.0.1:0", false)] {
            let listener = TcpListener::bind(address).unwrap();
            assert_eq!(listed().contains(&inode(&listener)), is_reached, "{address}");
        }
    }

    #[test]
    fn addresses_are_read_as_the_kernel_writes_them() {
        let local = u32::from_ne_bytes([127, 0, 0, 1]);
        let one = u32::from_ne_bytes([0, 0, 0, 1]);
        let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
        for (hex, is_loopback) in [
            (format!("{local:08X}"), true),
            (format!("{:024X}{one:08X}", 0), true),
            (format!("{:016X}{mapped:08X}{local:08X}", 0), true),
            (format!("{:032X}", 0), false),
            (format!("{:08X}", 0), false),
        ] {
            assert_eq!(address(&hex).unwrap().is_loopback(), is_loopback, "{hex}");
        }
        assert_eq!(address("1234567890"), None);
    }

    #[test]
    fn a_unit_of_systemd_s_is_reached_where_it_listens_and_is_active() {
        let said = "ActiveState=active\nListen=[::]:9090 (Stream)\nListen=/run/x (Stream)\n";
        assert!(is_reachable(said));
        assert!(!is_reachable(&said.replace("=active", "=inactive")));
        assert!(!is_reachable(&said.replace("[::]", "127.0.0.1")));
        assert!(!is_reachable(""));
    }
}
