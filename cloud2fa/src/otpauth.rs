//! The key URI that authenticator apps read: `otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=…`.
//!
//! Algorithm, digits and period are the defaults and are left out: the QR code gets
//! smaller, and some apps ignore them anyway.

use crate::randomness::NoRandomness;
use crate::totp::Secret;
use std::fmt::Write;
use zeroize::Zeroizing;

/// What a person reads without mistakes (RFC 4648 section 6).
const CHARACTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The URI of a secret. `issuer` is the name that the app shows; neither name may
/// hold a `:`, which the format keeps for itself, so it is encoded.
pub fn uri(issuer: &str, account: &str, secret: &Secret) -> Zeroizing<String> {
    let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
    let secret = secret.to_base32();
    let parts =
        ["otpauth://totp/", &issuer, ":", &account, "?secret=", &secret, "&issuer=", &issuer];
    // Made in one piece: growing would leave a copy behind.
    Zeroizing::new(parts.concat())
}

/// What the app is to call an account whose key is replaced: the name and three random characters. An app puts
/// an entry with the name of another one in its place, and that one is right until the new key is proven.
pub fn account_beside(name: &str) -> Result<String, NoRandomness> {
    let mut random = [0; 3];
    getrandom::fill(&mut random)?;
    let character = |byte: u8| char::from(CHARACTERS[usize::from(byte) % CHARACTERS.len()]);
    Ok(format!("{name}-{}", random.map(character).iter().collect::<String>()))
}

/// Every byte outside RFC 3986's unreserved set as `%20`.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes all that is written");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_percent_encoded_and_defaults_left_out() {
        let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
        assert_eq!(
            *uri("My Server", "jörg@x:y", &secret),
            "otpauth://totp/My%20Server:j%C3%B6rg%40x%3Ay?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=My%20Server"
        );
    }
}
