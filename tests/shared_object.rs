//! The built module as a file: what it exports and needs, and how it is hardened. Read with
//! binutils' readelf, which says what the dynamic linker will see, and which a build needs anyway.
#![allow(missing_docs)]

use cloud2fa_tests::loaded_module::EntryPoint;
use cloud2fa_tests::machine;
use std::process::Command;

/// A module is loaded at each login: it must stay small.
const LARGEST: u64 = 800_000;

fn readelf(option: &str) -> String {
    let output = Command::new(machine::program("readelf", "binutils"))
        .args([option, "--wide"])
        .arg(machine::module())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_exports_the_six_entry_points_and_nothing_else() {
    // Num: Value Size Type Bind Vis Ndx Name
    let symbols = readelf("--dyn-syms");
    let mut exported: Vec<_> = symbols
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| {
            fields.len() >= 8
                && fields[0].ends_with(':')
                && fields[6] != "UND"
                && fields[0] != "Num:"
        })
        .map(|fields| fields[7])
        .collect();
    exported.sort_unstable();
    let mut expected: Vec<_> =
        EntryPoint::ALL.iter().map(|entry_point| entry_point.symbol()).collect();
    expected.sort_unstable();
    assert_eq!(exported, expected);
}

#[test]
fn it_needs_libpam_and_libc_alone() {
    let dynamic = readelf("--dynamic");
    let needed: Vec<_> = dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.strip_suffix(']'))
        .collect();
    assert!(needed.contains(&"libpam.so.0") && needed.contains(&"libc.so.6"), "{needed:?}");
    // Loading libgcc_s takes longer than a whole login. The dynamic linker is named for its __tls_get_addr.
    let known = ["libpam.so.0", "libc.so.6", "ld-linux-x86-64.so.2"];
    assert!(needed.iter().all(|library| known.contains(library)), "{needed:?}");
    for unwanted in ["(RPATH)", "(RUNPATH)", "(TEXTREL)", "NODELETE"] {
        assert!(!dynamic.contains(unwanted), "{unwanted}");
    }
}

#[test]
fn it_is_bound_at_once_and_read_only_afterwards() {
    let dynamic = readelf("--dynamic");
    assert!(
        dynamic.lines().any(|line| line.contains("(FLAGS)") && line.contains("BIND_NOW")),
        "{dynamic}"
    );
    let segments = readelf("--segments");
    let segment = |name: &str| {
        let found = segments.lines().find(|line| line.trim_start().starts_with(name));
        found.unwrap_or_else(|| panic!("no {name}:\n{segments}"))
    };
    segment("GNU_RELRO");
    // Type Offset VirtAddr PhysAddr FileSiz MemSiz Flg Align
    let stack: Vec<_> = segment("GNU_STACK").split_whitespace().collect();
    assert_eq!(stack[6], "RW", "no executable stack");
    let both = segments
        .lines()
        .filter(|line| line.trim_start().starts_with("LOAD"))
        .any(|line| line.contains("RWE"));
    assert!(!both, "no memory is writable and executable:\n{segments}");
}

#[test]
fn it_is_small_and_stripped() {
    let size = std::fs::metadata(machine::module()).unwrap().len();
    assert!(size <= LARGEST, "{size} bytes are more than {LARGEST}");
    assert!(
        !readelf("--sections").contains(".debug_"),
        "debug information does not belong into the installed file"
    );
}

#[test]
fn a_login_by_token_does_not_ask_the_processor_what_it_can() {
    let output = Command::new(machine::program("objdump", "binutils"))
        .args(["--disassemble", "--no-show-raw-insn"])
        .arg(machine::module())
        .output()
        .unwrap();
    let code = String::from_utf8(output.stdout).unwrap();
    assert!(code.lines().count() > 10_000, "no code");
    // Argon2 asks with three instructions, for backup codes. The other ten are std's, for memchr:
    // serde_json calls it where the service answers. Those of SHA-1 would be in each login.
    let questions = code.lines().filter(|line| line.trim_end().ends_with("cpuid")).count();
    assert!(questions <= 13, "{questions}: is .cargo/config.toml not in force?");
}

#[test]
fn it_knows_no_argument_and_no_variable_that_moves_the_clock() {
    // Whatever a test needs is a file of the store's: the shipped module has no back door for tests.
    let bytes = std::fs::read(machine::module()).unwrap();
    for word in ["CLOUD2FA_", "DEBUG_TIME", "noskewadj", "a panic that a test has asked for"] {
        let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!found, "{word} stands in the module");
    }
}
