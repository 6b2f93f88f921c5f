//! Links the unwinder into the module.
//!
//! Loading libgcc_s.so.1 is most of what a Rust module costs a login (about 100 of 140
//! microseconds). The static twin, libgcc_eh.a, comes with the same gcc that links
//! the module. Linked whole and first it satisfies std, so that the shared one is not needed.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let answer = Command::new(&compiler).arg("-print-file-name=libgcc_eh.a").output();
    let answer =
        answer.unwrap_or_else(|error| panic!("cannot run {compiler}: {error}; install gcc"));
    let path = String::from_utf8(answer.stdout).expect("a path of gcc's is UTF-8");
    let directory = Path::new(path.trim()).parent().expect("gcc gives a path");
    assert!(directory.is_absolute(), "{compiler} has no libgcc_eh.a; install gcc");
    println!("cargo:rustc-link-search=native={}", directory.display());
    println!("cargo:rustc-link-lib=static:+whole-archive,-bundle=gcc_eh");
    // Two segments instead of four, one that can be executed and one that can be written, since each
    // costs a login its mapping and its page faults: 3 % of its time. lld cannot make so few. Relocations
    // are not packed into bits (DT_RELR): 24 kB less, and 2 % more of a login, which unpacks them.
    println!("cargo:rustc-cdylib-link-arg=-fuse-ld=bfd");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,noseparate-code");
}
