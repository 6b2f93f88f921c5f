//! The language that the command speaks.

use cloud2fa::words::{Command, ENGLISH, FRENCH};
use std::env;
use std::sync::LazyLock;

/// The command's texts: in the language that the environment asks for (locale(7)), where that is one of ours, its
/// terminal draws what it is written in, and it is a person who reads.
pub static WORDS: LazyLock<&Command> = LazyLock::new(|| {
    let asked = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| env::var(name).unwrap_or_default());
    let locale = asked.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default();
    if !is_for_programs() && is_french(&locale) { &FRENCH.command } else { &ENGLISH.command }
});

/// Whether `--json` was typed, also where nothing else makes sense.
pub fn is_for_programs() -> bool {
    env::args_os().any(|argument| argument.as_encoded_bytes().starts_with(b"--json"))
}

/// Whether a locale is French in UTF-8: `LANGUAGE_TERRITORY.CODESET@MODIFIER`.
fn is_french(locale: &str) -> bool {
    let (language, codeset) = locale.split_once('.').unwrap_or((locale, ""));
    let codeset = codeset.split('@').next().unwrap_or_default();
    let is_utf_8 = ["utf-8", "utf8"].iter().any(|it| codeset.eq_ignore_ascii_case(it));
    language.split('_').next() == Some("fr") && is_utf_8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_is_spoken_where_the_locale_is_french_and_can_be_read() {
        for locale in ["fr_FR.UTF-8", "fr_CA.utf8", "fr.UTF-8", "fr_BE.UTF-8@euro"] {
            assert!(is_french(locale), "{locale}");
        }
        for locale in
            ["", "C", "C.UTF-8", "fr", "fr_FR", "fr_FR.ISO-8859-1", "fro_FR.UTF-8", "en_US.UTF-8"]
        {
            assert!(!is_french(locale), "{locale}");
        }
    }
}
