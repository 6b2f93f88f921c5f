//! Why a decision was made: the one list of words. README.md and pam_cloud2fa(8)
//! document each, which tests see to.

/// Writes each reason down once: its meaning, its name, its word.
macro_rules! reasons {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal,)+) => {
        /// Why a decision was made.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Reason {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl Reason {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in the log.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

reasons! {
    // --- codes ---
    /// The right code.
    RightCode = "right_code",
    /// Not a code of this account.
    WrongCode = "wrong_code",
    /// A code of this account that is used or older than a used one.
    Replayed = "replayed",
    /// Not shaped like a code: neither a guess nor counted.
    NotACode = "not_a_code",
    /// Too soon after wrong codes.
    Wait = "wait",
    /// Locked until a right backup code, or until an administrator unlocks.
    Locked = "locked",
    /// The clock is behind the last accepted code.
    ClockWentBack = "clock_went_back",
    /// The enrolment changed while the prompt was open.
    EnrolmentChanged = "enrolment_changed",
    /// No enrolment.
    NotEnrolled = "not_enrolled",

    // --- logins ---
    /// The answer is the password again.
    PasswordRepeated = "password_repeated",
    /// The answer, or the password before it, is what sshd sends for users that it will refuse anyway.
    RefusedBySshd = "refused_by_sshd",
    /// `use_first_pass`, and no earlier module has asked for a password.
    NoFirstPass = "no_first_pass",
    /// `after_key`, and sshd has proven no key.
    NoKey = "no_key",
    /// The service of our own password check.
    OwnService = "own_service",
    /// The program named another user while the prompt was open.
    UserChanged = "user_changed",
    /// The module's arguments in the service file.
    BadArgument = "bad_argument",
    /// The program did not ask the user, or gave no answer.
    ConversationFailed = "conversation_failed",
    /// The program named no user.
    NoUser = "no_user",
    /// `PAM_AUTHTOK` could not be set.
    CannotHandOn = "cannot_hand_on",

    // --- both ---
    /// No such user.
    UnknownUser = "unknown_user",
    /// The user name is no text, has a control character, or is longer than a user's.
    BadUserName = "bad_user_name",
    /// The store could not be asked, or the verdict not written down.
    StoreUnavailable = "store_unavailable",
    /// cloud2fa.toml.
    BadConfig = "bad_config",

    // --- users' changes by the service ---
    /// The right password.
    RightPassword = "right_password",
    /// Root asked, who needs to prove nothing.
    ByRoot = "by_root",
    /// PAM did not take the password.
    WrongPassword = "wrong_password",
    /// The account has no password that could be right.
    NoPassword = "no_password",
    /// The password is right, and the account expired or locked.
    AccountRefused = "account_refused",
    /// PAM could not check the password.
    PasswordNotChecked = "password_not_checked",
    /// A change was asked for before the password was checked.
    PasswordRequired = "password_required",
    /// A change was asked for without a code of what it changes.
    CodeRequired = "code_required",
    /// The code does not prove the new key.
    NotProven = "not_proven",
    /// A code came before a key was shown.
    NoEnrolmentBegun = "no_enrolment_begun",
    /// There is an enrolment already.
    AlreadyEnrolled = "already_enrolled",
    /// The account is another uid's.
    NotPermitted = "not_permitted",
    /// More connections wait than may.
    TooManyConnections = "too_many_connections",
    /// What came over the connection is no call, too long, too slow, or too much.
    Misbehaved = "misbehaved",
    /// The service could not begin, or not go on.
    ServiceFailed = "service_failed",
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words as they must be documented: none twice, and the one of the line that is written
    /// after a panic, without anything that could panic again.
    fn words() -> Vec<&'static str> {
        let mut words: Vec<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        words.push("panic");
        words.sort_unstable();
        words
    }

    fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
        text.split_once(begin).and_then(|(_, rest)| rest.split_once(end)).expect("the list").0
    }

    #[test]
    fn no_two_reasons_have_one_word() {
        let mut words = words();
        words.dedup();
        assert_eq!(words.len(), Reason::ALL.len() + 1);
    }

    #[test]
    fn the_readme_explains_every_reason_and_no_other() {
        let readme = include_str!("../../../README.md");
        let rows = between(readme, "\n| `reason=` |", "\n\n").lines().skip(2);
        let first_cells = rows.filter_map(|row| row.split('|').nth(1));
        let mut words_there: Vec<_> =
            first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        words_there.sort_unstable();
        assert_eq!(words_there, words());
    }

    #[test]
    fn the_manual_explains_every_reason_and_no_other() {
        let page = include_str!("../../../man/pam_cloud2fa.8");
        let list = between(page, "\n.SS \"Reasons: codes\"\n", "\n.SH ");
        let tags = list.split(".TP\n.B ").skip(1).filter_map(|rest| rest.lines().next());
        let mut words_there: Vec<_> = tags.collect();
        words_there.sort_unstable();
        assert_eq!(words_there, words());
    }
}
