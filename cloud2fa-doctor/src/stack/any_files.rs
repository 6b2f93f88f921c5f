//! Whatever stands in PAM's files, for tests.

use proptest::prelude::*;

/// Words that files are made of, so that what is tried comes far.
pub fn word() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "auth",
        "-auth",
        "account",
        "required",
        "sufficient",
        "include",
        "substack",
        "@include",
        "a",
        "b",
        "[success=1 default=ignore]",
        "[success=3",
        "default=die]",
        "[",
        "]",
        "#",
        "\\\n",
        "\n",
        "\n",
        "\n",
        "pam_unix.so",
        "pam_deny.so",
        "pam_cloud2fa.so",
        "pam_cloud2fa.so",
        "nullok",
        "config=/x",
    ];
    prop_oneof![9 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => any::<String>()]
}
