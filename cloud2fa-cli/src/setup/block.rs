//! Our own lines in a file that is somebody else's: a block between two marks, put in and taken out
//! again whatever else was edited meanwhile. The recipes have the same marks.

/// Begins the block.
const BEGIN: &str = "# cloud2fa: begin";
/// Ends it.
const END: &str = "# cloud2fa: end";

/// Where in a PAM file the block belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Below what checks the password.
    BelowPassword,
    /// Above everything: nothing is asked before it.
    Top,
}

/// The block around `lines`.
pub fn block(lines: &str) -> String {
    format!("{BEGIN}\n{}\n{END}\n", lines.trim_end())
}

/// Whether `text` has a block.
pub fn is_in(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == BEGIN)
}

/// `text` with a block. `None` if the file has nothing that checks a password, so that there is no such
/// place.
pub fn with(text: &str, lines: &str, place: Place) -> Option<String> {
    let at = match place {
        Place::Top => 0,
        Place::BelowPassword => below_password(text)?,
    };
    let (before, after) = text.split_at(at);
    let newline = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    Some(format!("{before}{newline}{}{after}", block(lines)))
}

/// `text` without our blocks. Of a block that has no end what is ours for certain goes, its first line and
/// what names our module right below it: nobody else's line goes, and none of ours stays.
pub fn without(text: &str) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((line, behind)) = next_line(rest) {
        if line.trim_end() != BEGIN {
            kept.push_str(line);
            rest = behind;
            continue;
        }
        rest = end_of_block(behind).unwrap_or_else(|| behind_our_lines(behind));
    }
    kept
}

fn behind_our_lines(mut rest: &str) -> &str {
    while let Some((line, behind)) = next_line(rest)
        && line.starts_with("auth ")
        && line.contains("pam_cloud2fa.so")
    {
        rest = behind;
    }
    rest
}

/// The lines of `after` that are in our blocks, and not in those of `before`.
pub fn added(before: &str, after: &str) -> String {
    let inside = |text: &str| {
        let (mut is_inside, mut lines) = (false, String::new());
        for line in text.split_inclusive('\n') {
            let begins = line.trim_end() == BEGIN;
            is_inside = begins || is_inside && line.trim_end() != END;
            if is_inside && !begins {
                lines.push_str(line);
            }
        }
        lines
    };
    let (old, new) = (inside(before), inside(after));
    new.strip_suffix(&old).map(str::to_owned).unwrap_or(new)
}

/// What stands behind the end of a block. `None` if it has no end, or another one begins first.
fn end_of_block(mut rest: &str) -> Option<&str> {
    while let Some((line, behind)) = next_line(rest) {
        match line.trim_end() {
            END => return Some(behind),
            BEGIN => return None,
            _ => rest = behind,
        }
    }
    None
}

/// The first line, with its newline, and what comes behind it.
fn next_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    Some(text.split_at(text.find('\n').map_or(text.len(), |newline| newline + 1)))
}

/// Where the line ends that includes Debian's own check of the password; else the last line of type
/// `auth`. Lines that go on in the next one are one.
fn below_password(text: &str) -> Option<usize> {
    let (mut common, mut last, mut end) = (None, None, 0);
    let mut words = Vec::new();
    let mut rest = text;
    while let Some((line, behind)) = next_line(rest) {
        end += line.len();
        rest = behind;
        let body = line.split('#').next().unwrap_or_default();
        let goes_on = !line.contains('#') && body.trim_end().ends_with('\\');
        words.extend(body.trim_end().trim_end_matches('\\').split_whitespace());
        if goes_on {
            continue;
        }
        let is =
            |at: usize, word: &str| words.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
        if is(0, "@include") && is(1, "common-auth") {
            common = common.or(Some(end));
        }
        if is(0, "auth") || is(0, "-auth") {
            last = Some(end);
        }
        words.clear();
    }
    common.or(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEBIAN: &str = "# PAM configuration for sshd\n\n# Standard Un*x authentication.\n@include common-auth\n\n\
                          account    required     pam_nologin.so\n@include common-account\n";
    const LINE: &str = "auth required pam_cloud2fa.so nullok";

    #[test]
    fn the_block_stands_right_below_debians_check_of_the_password() {
        let with = with(DEBIAN, LINE, Place::BelowPassword).unwrap();
        let expected =
            format!("@include common-auth\n# cloud2fa: begin\n{LINE}\n# cloud2fa: end\n\naccount");
        assert!(with.contains(&expected), "{with}");
        assert_eq!(without(&with), DEBIAN);
    }

    #[test]
    fn elsewhere_it_stands_below_the_last_line_that_is_about_logging_in() {
        for (text, expected) in [
            ("auth required pam_unix.so\naccount required pam_unix.so\n", Some(26)),
            ("auth required \\\n  pam_unix.so\nsession optional x.so\n", Some(30)),
            ("-auth optional a.so\nauth required b.so", Some(38)),
            ("auth required a.so # auth \\\nsession required b.so\n", Some(28)),
            ("# auth required a.so\nsession required b.so\n", None),
            ("", None),
        ] {
            assert_eq!(below_password(text), expected, "{text:?}");
        }
        let with = with("auth required b.so", LINE, Place::BelowPassword).unwrap();
        assert_eq!(
            with,
            format!("auth required b.so\n# cloud2fa: begin\n{LINE}\n# cloud2fa: end\n")
        );
    }

    #[test]
    fn a_block_whose_end_somebody_took_away_costs_nobody_elses_line() {
        let text = "a\n# cloud2fa: begin\nb\n# cloud2fa: begin\nc\n# cloud2fa: end\nd\n";
        assert_eq!(without(text), "a\nb\nd\n");
        assert_eq!(without("a\n# cloud2fa: begin\nb\n"), "a\nb\n");
        assert_eq!(without(&format!("a\n# cloud2fa: begin\n{LINE}\nb\n")), "a\nb\n");
    }

    proptest! {
        /// Whatever the file is, and whatever is added to it elsewhere afterwards.
        #[test]
        fn what_is_put_in_is_taken_out_and_nothing_else(
            lines in prop::collection::vec("(auth|session|@include|#|x)[ a-z\\\\]{0,12}", 0..8),
            added in "[a-z]{1,8}",
            is_at_top in any::<bool>(),
        ) {
            let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
            let place = if is_at_top { Place::Top } else { Place::BelowPassword };
            if let Some(with) = with(&text, LINE, place) {
                prop_assert_eq!(without(&with), text.clone());
                let edited = format!("{with}{added}\n");
                prop_assert_eq!(without(&edited), format!("{text}{added}\n"));
            }
        }
    }
}
