//! PAM's files are read twice: by this crate, and by `debian/pam-lines.sh`, which the packages' scripts
//! have and which must do without the command. Both find the module in the same lines.
//!
//! They differ where versions of libpam do. A line that goes on, and then a comment or an empty line:
//! that is the line's end for this crate, as for Linux-PAM 1.6 and later; the script reads past it, as
//! earlier versions do.

use crate::pam::tests::{CODE, DEBIAN, FEDORA};
use crate::pam::with_included;
use crate::stack::any_files::word;
use crate::stack::{DIRECTORIES, Files, PAM_CONF};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

const SCRIPT: &str = include_str!("../../debian/pam-lines.sh");

/// What both look for.
const MODULE: &str = "pam_cloud2fa.so";

/// Stands in a text for the directory that the script takes for the root.
const ROOT: &str = "ROOT";

/// Files of a machine by path, with their texts.
type Corpus = BTreeMap<PathBuf, String>;

/// A line that names the module.
type Found = BTreeSet<(PathBuf, usize)>;

fn corpus(files: &[(&str, &str)]) -> Corpus {
    // A name that begins with a slash stays as it is.
    let path = |name: &str| Path::new(DIRECTORIES[0]).join(name);
    files.iter().map(|(name, text)| (path(name), (*text).to_owned())).collect()
}

fn is_in_a_directory(path: &Path) -> bool {
    DIRECTORIES.iter().any(|directory| path.parent() == Some(Path::new(directory)))
}

/// The files that this crate reads.
fn files(corpus: &Corpus) -> Files {
    let first = corpus.keys().filter(|path| is_in_a_directory(path)).cloned();
    let first = first.chain([PathBuf::from(PAM_CONF)]).collect();
    with_included(first, |path| corpus.get(path).map(|text| text.replace(ROOT, "").into_bytes()))
}

/// The lines in which this crate finds the module, by where each begins.
fn by_this_crate(files: &Files) -> Found {
    let lines = files.all_lines().chain(files.lines_of_pam_conf());
    let ours = lines.filter(|line| line.words.iter().any(|word| word.contains(MODULE)));
    ours.map(|line| (line.at.file.to_path_buf(), line.at.line)).collect()
}

/// The lines in which the script finds the module. One that goes on over several counts by where it
/// begins; `None` instead of a number if this crate has no line there.
fn by_the_script(corpus: &Corpus, files: &Files) -> BTreeSet<(PathBuf, Option<usize>)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("doctor-pam-lines-{}-{number}", std::process::id());
    let root = std::env::temp_dir().join(name);
    let root_text = root.to_str().expect("a path without odd bytes");
    for (path, text) in corpus {
        let path = below(&root, path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace(ROOT, root_text)).unwrap();
    }
    let places = DIRECTORIES.iter().copied().chain([PAM_CONF]);
    let script = places.fold(SCRIPT.to_owned(), |script, place| {
        script.replace(place, &format!("{root_text}{place}"))
    });
    let output = Command::new("sh").args(["-c", &format!("{script}\nlines")]).output().unwrap();
    fs::remove_dir_all(&root).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().map(|line| {
        let mut parts = line.strip_prefix(root_text).expect("a path below the root").splitn(3, ':');
        let path = PathBuf::from(parts.next().unwrap());
        let number = parts.next().and_then(|it| it.parse().ok()).expect("a number");
        let begin = begin_of(files, &path, number);
        (path, begin)
    });
    found.collect()
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap())
}

/// Where the line begins that `number` is part of.
fn begin_of(files: &Files, path: &Path, number: usize) -> Option<usize> {
    let lines = files.all_lines().chain(files.lines_of_pam_conf());
    let begins = lines.filter(|line| *line.at.file == *path).map(|line| line.at.line);
    begins.filter(|begin| *begin <= number).max()
}

/// Compares the two readings of files as people write them.
fn same(corpus: &Corpus) -> Found {
    let files = files(corpus);
    let ours: BTreeSet<_> =
        by_this_crate(&files).into_iter().map(|(path, line)| (path, Some(line))).collect();
    assert_eq!(by_the_script(corpus, &files), ours);
    by_this_crate(&files)
}

#[test]
fn both_readings_find_the_module_in_the_lines_of_usual_files() {
    let behind = format!("@include common-auth\n{CODE}");
    let everywhere = format!("{DEBIAN}{CODE}# {CODE}\n#{CODE}");
    let found = same(&corpus(&[
        ("sshd", &behind),
        ("su", "auth [success=1] \\\n pam_x.so\nauth required \\\n\tpam_cloud2fa.so \\\n nullok"),
        ("sudo", "auth required pam_unix.so\naccount required pam_unix.so # pam_cloud2fa.so"),
        ("login", "auth substack system-auth\n"),
        ("system-auth", &format!("{FEDORA}{CODE}")),
        ("common-auth", &everywhere),
        ("passwd", "password required /usr/lib/x86_64-linux-gnu/security/pam_cloud2fa.so\n"),
        ("cron", "-auth [success=ok default=die] pam_cloud2fa.so [prompt=Code \\] : ]\n"),
        ("sshd.dpkg-old", CODE),
        ("common-auth.pam-old", CODE),
        ("sshd~", CODE),
        ("/usr/lib/pam.d/polkit-1", &behind),
        ("/etc/pam.conf", "sshd auth required pam_cloud2fa.so\n"),
    ]));
    assert_eq!(found.len(), 8, "{found:?}");
}

/// Lines that include NAME, and lines that seem to. Each begins behind an empty line and ends, so that
/// it is never one with others.
const INCLUDES: &[(&str, bool)] = &[
    ("\n\nauth include ROOT/srv/NAME\n", true),
    ("\n\n@include ROOT/srv/NAME # x\n", true),
    ("\n\n-account SUBSTACK ROOT/srv/NAME nullok\n", true),
    ("\n\n\tauth \\\n INCLUDE \\ \n [ROOT/srv/NAME]\n", true),
    ("\n\n# \\\n@include ROOT/srv/NAME\n", true),
    ("\n\nauth include # ROOT/srv/NAME\n", false),
    ("\n\n#auth include ROOT/srv/NAME\n", false),
    ("\n\n@include ROOT/srv/NAMEs\n", false),
];

#[test]
fn both_readings_follow_each_way_to_include_a_file() {
    for (include, is_one) in INCLUDES {
        let include = include.replace("NAME", "x");
        let found = same(&corpus(&[("login", &include), ("/srv/x", CODE), ("/srv/y", CODE)]));
        assert_eq!(found.len(), usize::from(*is_one), "{include:?}");
    }
}

/// Random files: `a` to `p` in PAM's directory, and as many elsewhere that they may include. A line has
/// one include at most: of several the script takes the last one, and libpam the first.
fn any_corpus() -> impl Strategy<Value = Corpus> {
    let names = || ('a'..='p').map(String::from).collect::<Vec<_>>();
    let is_include = |word: &str| ["include", "substack", "@include"].contains(&word);
    let word = word().prop_filter("one include a line", move |word| !is_include(word));
    let include = (prop::sample::select(INCLUDES), prop::sample::select(names()))
        .prop_map(|((include, _), name)| include.replace("NAME", &name));
    let word = prop_oneof![40 => word, 1 => include];
    let text = prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "));
    prop::collection::vec(text, 2 * names().len()).prop_map(move |texts| {
        let below = |directory: &'static str| {
            names().into_iter().map(move |name| Path::new(directory).join(name))
        };
        below(DIRECTORIES[0]).chain(below("/srv")).zip(texts).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_readings_find_the_module_in_the_lines_of_random_files(corpus in any_corpus()) {
        let files = files(&corpus);
        let ours = by_this_crate(&files);
        let scripts = by_the_script(&corpus, &files);
        for (path, line) in &ours {
            prop_assert!(scripts.contains(&(path.clone(), Some(*line))), "{path:?}:{line}");
        }
        // The script finds no more, but in a line that libpam does without.
        for (path, line) in &scripts {
            let is_ours = line.is_some_and(|line| ours.contains(&(path.clone(), line)));
            prop_assert!(is_ours || is_cut_off(&corpus[path]), "{path:?}:{line:?}");
        }
    }
}

/// Whether the last line goes on in one that is not there.
fn is_cut_off(text: &str) -> bool {
    let last = text.split_terminator('\n').next_back().unwrap_or_default();
    !last.contains('#') && last.trim_end_matches([' ', '\t']).ends_with('\\')
}
