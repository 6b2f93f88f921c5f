//! The modules that are compared, and how their users are enrolled.

use crate::ground::Ground;
use cloud2fa::{FileStore, Secret, User};
use cloud2fa_tests::user::{self, write_private};
use cloud2fa_tests::{Enrolled, machine};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// ext4 lets a file have 65,000 names.
const MOST_LINKS: usize = 60_000;

/// A PAM module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// Does nothing: what libpam itself takes.
    Permit,
    /// Ours.
    Cloud2fa,
    /// Debian's libpam-google-authenticator.
    GoogleAuthenticator,
    /// Debian's libpam-oath.
    Oath,
}

impl Module {
    /// All, in the table's order.
    pub const ALL: [Self; 4] =
        [Self::Permit, Self::Cloud2fa, Self::GoogleAuthenticator, Self::Oath];
    /// Those that ask for a code.
    pub const OF_CODES: [Self; 3] = [Self::Cloud2fa, Self::GoogleAuthenticator, Self::Oath];

    /// The module's name; its PAM service has the same.
    pub fn name(self) -> &'static str {
        match self {
            Self::Permit => "pam_permit",
            Self::Cloud2fa => "pam_cloud2fa",
            Self::GoogleAuthenticator => "pam_google_authenticator",
            Self::Oath => "pam_oath",
        }
    }

    /// Where the module's file is.
    pub fn file(self) -> PathBuf {
        if self == Self::Cloud2fa {
            return machine::module();
        }
        let architecture = std::env::consts::ARCH;
        let file = format!("/lib/{architecture}-linux-gnu/security/{}.so", self.name());
        let file = PathBuf::from(file);
        assert!(
            file.is_file(),
            "{} is missing: apt install libpam-google-authenticator libpam-oath",
            file.display()
        );
        file
    }

    /// The line of the service file.
    pub fn stack(self, ground: &Ground) -> String {
        let state = ground.state_of(self);
        let arguments = match self {
            Self::Permit => String::new(),
            Self::Cloud2fa => format!("config={}", ground.config().display()),
            Self::GoogleAuthenticator => format!("secret={}/${{USER}} user=root", state.display()),
            Self::Oath => format!("usersfile={}/users window=1 digits=6", state.display()),
        };
        format!("auth required {} {arguments}\n", self.file().display())
    }

    /// Enrols `people`, or makes their states as new again. `bystanders` are enrolled beside them and
    /// never log in.
    pub fn enrol(self, ground: &Ground, people: &[Enrolled], bystanders: &[User]) {
        let state = ground.state_of(self);
        let users = people.iter().map(|person| (&person.user, &person.secret));
        // Nobody asks for a bystander's secret.
        let all = users.clone().chain(bystanders.iter().map(|user| (user, &people[0].secret)));
        match self {
            Self::Permit => {}
            Self::Cloud2fa => {
                FileStore::init(&state, 0).expect("a store");
                for (user, secret) in all {
                    user::enrol(&state, user.clone(), secret.clone());
                }
            }
            Self::GoogleAuthenticator => {
                for (user, secret) in users {
                    write_private(
                        &state.join(user.name.as_str()),
                        google_authenticator_file(secret).as_bytes(),
                    );
                }
                // Names without files of their own: what is searched is the directory.
                for (number, user) in bystanders.iter().enumerate() {
                    let file = state.join(format!(".bystander{}", number / MOST_LINKS));
                    if number % MOST_LINKS == 0 {
                        write_private(
                            &file,
                            google_authenticator_file(&people[0].secret).as_bytes(),
                        );
                    }
                    fs::hard_link(file, state.join(user.name.as_str())).expect("a new name");
                }
            }
            Self::Oath => {
                let mut lines = String::new();
                for (user, secret) in all {
                    let key = BASE32_NOPAD.decode(secret.to_base32().as_bytes()).expect("base32");
                    writeln!(lines, "HOTP/T30/6 {} - {}", user.name, HEXLOWER.encode(&key))
                        .expect("a String");
                }
                write_private(&state.join("users"), lines.as_bytes());
            }
        }
    }
}

/// What google-authenticator(1) writes if each question is answered with yes, but for the one
/// that would make the window wider.
fn google_authenticator_file(secret: &Secret) -> String {
    let secret = &*secret.to_base32();
    format!(
        "{secret}\n\" RATE_LIMIT 3 30\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n\
         17431234\n27431234\n37431234\n47431234\n57431234\n"
    )
}
