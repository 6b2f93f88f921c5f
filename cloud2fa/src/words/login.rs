//! The module's texts.

/// What is asked and told at a login. Little: enough to know what to do next.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    /// Asks for a code. In English people's scripts expect it to the byte.
    pub verification_code: &'static str,
    /// Asks for a backup code, where nothing else is taken.
    pub backup_code: &'static str,
    /// Asks for password and code in one field.
    pub password_and_verification_code: &'static str,
    /// Asks for password and backup code in one field.
    pub password_and_backup_code: &'static str,
    /// The store cannot be asked, or the verdict cannot be written down.
    pub unavailable: &'static str,
    /// Somebody tries backup codes of this user, who will have this one hashed soon.
    pub try_again: &'static str,
    /// Six digits that are not the right ones. Whoever is not enrolled hears it, too.
    pub wrong_code: &'static str,
    /// A backup code that is none of the user's. Whoever is not enrolled hears it, too.
    pub wrong_backup_code: &'static str,
    /// What was typed cannot be a code.
    pub not_a_code: &'static str,
    /// The same, where nothing but a backup code is taken.
    pub not_a_backup_code: &'static str,
    /// What was typed has no code at its end, where password and code come in one field.
    pub no_code_behind_password: &'static str,
    /// This backup code was spent before.
    pub backup_code_is_used: &'static str,
    /// The code was used or is of before, and the app shows another one now.
    pub code_is_used: &'static str,
    /// The code was used or is of before; the app shows the next one in so many seconds.
    pub code_is_used_next_in: fn(u64) -> String,
    /// The system's clock has gone back.
    pub clock_is_behind: &'static str,
    /// Somebody has changed the enrolment since the question.
    pub enrolment_has_changed: &'static str,
    /// Too soon after wrong codes: so many seconds are left.
    pub must_wait: fn(u64) -> String,
    /// Locked until a backup code or an administrator unlocks.
    pub locked: &'static str,
    /// So many wrong codes since the last login.
    pub wrong_since_login: fn(u32) -> String,
    /// So many, and a wait or a lock that has just ended.
    pub wrong_since_login_and_opened: fn(u32) -> String,
    /// So many wrong codes in 30 days, which a backup code has cleared.
    pub budget_cleared: fn(u32) -> String,
    /// So many wrong codes in 30 days, of so many that lock.
    pub budget_used: fn(u32, u32) -> String,
    /// That was the last one.
    pub last_backup_code: &'static str,
    /// So many are left.
    pub backup_codes_left: fn(usize) -> String,
}

/// Seconds as people say them in each language; rounded up, so that nobody comes back too early.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use crate::words::Language;

    /// All that is said at a login, with some numbers.
    fn texts(language: Language) -> Vec<String> {
        let words = language.of_logins();
        let fixed = [
            words.verification_code,
            words.backup_code,
            words.password_and_verification_code,
            words.password_and_backup_code,
            words.unavailable,
            words.try_again,
            words.wrong_code,
            words.wrong_backup_code,
            words.not_a_code,
            words.not_a_backup_code,
            words.no_code_behind_password,
            words.backup_code_is_used,
            words.code_is_used,
            words.clock_is_behind,
            words.enrolment_has_changed,
            words.locked,
            words.last_backup_code,
        ];
        let counted = [
            (words.code_is_used_next_in)(30),
            (words.must_wait)(119),
            (words.must_wait)(3600),
            (words.wrong_since_login)(1),
            (words.wrong_since_login)(99),
            (words.wrong_since_login_and_opened)(100),
            (words.budget_cleared)(299),
            (words.budget_used)(299, 300),
            (words.backup_codes_left)(1),
            (words.backup_codes_left)(7),
        ];
        fixed.iter().map(ToString::to_string).chain(counted).collect()
    }

    #[test]
    fn each_line_at_a_login_fits_into_76_columns_in_each_language() {
        let (english, french) = (texts(Language::English), texts(Language::French));
        for text in english.iter().chain(&french) {
            assert!(text.lines().all(|line| line.chars().count() <= 76), "{text}");
            assert!(!text.chars().any(|it| it.is_control() && it != '\n'), "{text}");
        }
        let numbers = |text: &String| -> Vec<String> {
            let digits = text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty());
            let mut numbers: Vec<_> = digits.map(str::to_owned).collect();
            numbers.sort();
            numbers
        };
        for (english, french) in english.iter().zip(&french) {
            assert_ne!(english, french);
            assert_eq!(numbers(english), numbers(french), "{english} {french}");
        }
    }

    #[test]
    fn what_scripts_expect_is_asked_in_english_to_the_byte() {
        assert_eq!(Language::English.of_logins().verification_code, "Verification code: ");
    }
}
