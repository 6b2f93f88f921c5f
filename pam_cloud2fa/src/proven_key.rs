//! Whether sshd has proven a key in a login: what it tells PAM of the methods that were right so far.

#![forbid(unsafe_code)]

/// The methods that prove a key, or what sshd takes like one: nothing that is typed.
const METHODS: [&[u8]; 4] = [b"publickey", b"hostbased", b"gssapi-with-mic", b"gssapi-keyex"];

/// Whether one of these methods was right. `info`: a line each, which begins with the method's name and goes on
/// behind a blank or a slash (`auth2_update_session_info` in sshd's auth2.c).
pub fn is_in(info: &[u8]) -> bool {
    let method = |line: &[u8]| {
        let end = line.iter().position(|byte| b" /".contains(byte)).unwrap_or(line.len());
        METHODS.contains(&&line[..end])
    };
    info.split(|byte| *byte == b'\n').any(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_proves_no_key() {
        for (info, expected) in [
            ("publickey ssh-ed25519 AAAAC3Nz\n", true),
            ("password\npublickey ssh-rsa AAAA\n", true),
            ("hostbased ssh-rsa AAAA\n", true),
            ("gssapi-with-mic anna@EXAMPLE.COM\n", true),
            ("publickey\n", true),
            ("", false),
            ("\n", false),
            ("password\n", false),
            ("keyboard-interactive/pam\n", false),
            ("password publickey\n", false),
            (" publickey ssh-rsa AAAA\n", false),
            ("publickeys ssh-rsa AAAA\n", false),
        ] {
            assert_eq!(is_in(info.as_bytes()), expected, "{info:?}");
        }
    }
}
