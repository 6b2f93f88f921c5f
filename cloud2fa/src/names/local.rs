//! Local users, read from /etc/passwd for many names at once.

use crate::user::{User, UserName};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

/// Where the local users are (passwd(5)).
const PASSWD: &str = "/etc/passwd";

/// Where it says which databases are asked, and in which order (nsswitch.conf(5)).
const SWITCH: &str = "/etc/nsswitch.conf";

/// What /etc/passwd says of some names.
#[derive(Debug, Default)]
pub(super) struct Local(BTreeMap<UserName, u32>);

impl Local {
    /// Looks these names up, and forgets the ones before. Knows nobody where another database than the file
    /// is asked first, or the file cannot be read.
    pub(super) fn read(&mut self, names: &[UserName]) {
        self.0.clear();
        let switch = std::fs::read_to_string(SWITCH).unwrap_or_default();
        if !is_asked_first(&switch) {
            return;
        }
        let Ok(file) = File::open(PASSWD) else { return };
        self.take(BufReader::new(file), names);
    }

    fn take(&mut self, passwd: impl BufRead, names: &[UserName]) {
        let wanted: BTreeMap<_, _> = names.iter().map(|name| (name.as_str(), name)).collect();
        for line in passwd.split(b'\n') {
            let Ok(line) = line else { return self.0.clear() };
            let Some((name, uid)) = std::str::from_utf8(&line).ok().and_then(entry) else {
                continue;
            };
            if let Some(name) = wanted.get(name) {
                // The first entry counts.
                self.0.entry((*name).clone()).or_insert(uid);
            }
        }
    }

    /// The user of that name, if it was among those that were looked up and is a local one.
    pub(super) fn find(&self, name: &UserName) -> Option<User> {
        self.0.get(name).map(|uid| User { name: name.clone(), uid: *uid })
    }
}

/// Name and uid of a line of /etc/passwd.
fn entry(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split(':');
    let (name, _password, uid) = (fields.next()?, fields.next()?, fields.next()?);
    // The C library takes no line with fewer fields for an entry.
    fields.nth(3)?;
    Some((name, uid.parse().ok()?))
}

/// Whether the file is the first database for users. Without a line for them it is the only one.
fn is_asked_first(switch: &str) -> bool {
    let lines = switch.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut databases = lines.filter_map(|line| line.strip_prefix("passwd:"));
    databases.next().is_none_or(|line| line.split_whitespace().next() == Some("files"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_of_a_name_that_was_asked_for_counts_if_it_is_whole() {
        let text = "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000::/:/bin/sh\nanna:x:7:7::/:/bin/sh\n\
                    short:x:5\nbad:x:no:0::/:\n+:::::\nbert:x:1001:1001::/:/bin/sh";
        let names =
            ["anna", "bert", "short", "bad", "nobody"].map(|name| UserName::new(name).unwrap());
        let mut local = Local::default();
        local.take(text.as_bytes(), &names);
        let found = names.each_ref().map(|name| local.find(name).map(|user| user.uid));
        assert_eq!(found, [Some(1000), Some(1001), None, None, None]);
        assert_eq!(local.find(&UserName::new("root").unwrap()), None, "nobody has asked");
        local.take("".as_bytes(), &[]);
    }

    #[test]
    fn the_file_counts_where_it_is_asked_first() {
        assert!(is_asked_first("passwd:         files systemd\n"));
        assert!(is_asked_first("# passwd: sss\npasswd: files # sss first?\ngroup: sss\n"));
        assert!(is_asked_first(""));
        for switch in
            ["passwd: sss files\n", "passwd: compat\n", "passwd:\n", "  passwd: db files\n"]
        {
            assert!(!is_asked_first(switch), "{switch}");
        }
    }
}
