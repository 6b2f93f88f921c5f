//! Whatever stands in PAM's files, and whichever include each other: looking at them comes to an end.

use super::tests::{CODE, found};
use super::*;
use crate::stack::any_files::word;
use proptest::prelude::*;

#[test]
fn files_that_include_each_other_and_jumps_without_end_come_to_an_end() {
    let text = "auth include login\nauth [default=7] pam_x.so\n".repeat(9) + CODE;
    found(&[("login", &text)]);
    let many =
        "auth [success=3 auth_err=5 default=ignore maxtries=7] pam_x.so\n".repeat(2000) + CODE;
    found(&[("login", &many)]);
    found(&[("login", &format!("auth substack b\n{CODE}")), ("b", "auth substack login\n")]);
}

proptest! {
    #[test]
    fn no_bytes_in_a_file_are_too_much(a in prop::collection::vec(any::<u8>(), 0..400), b in prop::collection::vec(any::<u8>(), 0..400)) {
        let files = [("/etc/pam.d/a", a), ("/etc/pam.d/b", b)];
        let files = files.map(|(path, content)| (PathBuf::from(path), content));
        check(&Facts { files: Files(BTreeMap::from(files)), ..Facts::default() }, "a");
    }

    #[test]
    fn no_words_in_a_file_are_too_much(a in prop::collection::vec(word(), 0..60), b in prop::collection::vec(word(), 0..60)) {
        found(&[("a", &a.join(" ")), ("b", &b.join(" "))]);
    }
}
