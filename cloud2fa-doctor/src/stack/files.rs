//! PAM's files as libpam finds them, and the stack of a service: its lines in order, with what they
//! include put in their place.

use super::control::Control;
use super::handler::{Handler, Job, module};
use super::line::{Line, Text, lines};
use super::modules::{Kind, kind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Where service files are. The first that has a file wins.
pub const DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

/// What is read where there is no directory.
pub const PAM_CONF: &str = "/etc/pam.conf";

/// libpam's own limit of files in files, the service's own being one (`PAM_SUBSTACK_MAX_LEVEL` of
/// Linux-PAM 1.7; before, it was of substacks alone).
const DEEPEST: usize = 16;

/// The service of programs whose own has no file, or no line of a type.
const OTHER: &str = "other";

/// No stack that anybody has written is longer.
const LONGEST: usize = 400;

/// All files that say how programs log in, by path.
#[derive(Debug, Default)]
pub struct Files(pub BTreeMap<PathBuf, Vec<u8>>);

/// Copies that packages and editors leave behind; no program has such a name.
fn is_left_over(name: &str) -> bool {
    let endings = [
        "~",
        ".bak",
        ".disabled",
        ".new",
        ".old",
        ".orig",
        ".pam-old",
        ".rpmnew",
        ".rpmsave",
        ".save",
        ".swp",
    ];
    name.contains(".dpkg-")
        || name.contains(".ucf-")
        || endings.iter().any(|end| name.ends_with(end))
}

/// Names of files that are there to be included: Debian's, Fedora's and Arch's.
fn is_fragments(name: &str) -> bool {
    name.starts_with("common-")
        || name.ends_with("-auth")
        || [
            "postlogin",
            "system-login",
            "system-local-login",
            "system-remote-login",
            "system-services",
        ]
        .contains(&name)
}

impl Files {
    /// The services that a program may have. `other` stands for all that have no file.
    pub fn services(&self) -> Vec<String> {
        let is_there =
            |path: &Path| DIRECTORIES.iter().any(|it| path.parent() == Some(Path::new(it)));
        let paths = self.0.keys().filter(|path| is_there(path));
        let names = paths.filter_map(|path| path.file_name()?.to_str());
        let lines: Vec<_> = self.all_lines().collect();
        let included: BTreeSet<_> =
            lines.iter().filter_map(|it| Some(included(it)?.name)).collect();
        // A service may have a fragment's name, and one may be included by another.
        let is_fragment = |name: &str| is_fragments(name) && included.contains(name);
        // libpam writes a service's name small.
        let is_small = |name: &str| !name.contains(|it: char| it.is_ascii_uppercase());
        let mut names: Vec<_> = names
            .filter(|name| !is_left_over(name) && !is_fragment(name) && is_small(name))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The lines of that type that a login at `service` goes through.
    pub fn stack(&self, service: &str, kind_of_line: &str) -> Vec<Handler> {
        let mut stack = self.lines_of(service, kind_of_line);
        if stack.is_empty() {
            stack = self.lines_of(OTHER, kind_of_line);
        }
        // libpam reads both files, whatever the service, and does without PAM if one is cut off.
        let cut_off = |name| self.text(self.find(name)?).cut_off;
        if let Some(at) = cut_off(service).or_else(|| cut_off(OTHER)) {
            let nothing = Handler { at, level: 0, job: Job::Refusal, control: Control::end() };
            stack.insert(0, nothing);
        }
        stack
    }

    /// Whether a service has lines of that type, and not those of [`OTHER`].
    pub fn has_lines(&self, service: &str, kind_of_line: &str) -> bool {
        !self.lines_of(service, kind_of_line).is_empty()
    }

    fn lines_of(&self, service: &str, kind_of_line: &str) -> Vec<Handler> {
        let mut stack = Vec::new();
        if let Some(path) = self.find(service) {
            self.gather(path, kind_of_line, 0, 0, &mut stack);
        }
        stack
    }

    /// What stands in a file.
    fn text(&self, path: &Path) -> Text {
        let content = self.0.get(path).map(Vec::as_slice).unwrap_or_default();
        lines(&Rc::from(path), content)
    }

    /// All lines of all files, for what is wrong with a line whatever includes it.
    pub fn all_lines(&self) -> impl Iterator<Item = Line> {
        let is_left_over = |path: &Path| {
            path.file_name().is_some_and(|name| is_left_over(&name.to_string_lossy()))
        };
        let used =
            self.0.keys().filter(move |path| !is_left_over(path) && *path != Path::new(PAM_CONF));
        used.flat_map(|path| self.text(path).lines)
    }

    /// Lines that name our module in the file that does not count where there are directories.
    pub fn lines_of_pam_conf(&self) -> Vec<Line> {
        let names_ours =
            |line: &Line| line.words.get(3).is_some_and(|it| kind(it, &[]) == Kind::Ours);
        self.text(Path::new(PAM_CONF)).lines.into_iter().filter(names_ours).collect()
    }

    /// Files elsewhere that are included and were not read yet.
    pub fn unread(&self) -> Vec<PathBuf> {
        let included = self.all_lines().filter_map(|line| Some(places_of(included(&line)?.name)));
        included.flatten().filter(|path| !self.0.contains_key(path)).collect()
    }

    fn find(&self, name: &str) -> Option<&Path> {
        let found = places_of(name).iter().find_map(|path| self.0.get_key_value(path));
        found.map(|(path, _)| path.as_path())
    }

    fn gather(
        &self,
        path: &Path,
        wanted: &str,
        level: usize,
        depth: usize,
        stack: &mut Vec<Handler>,
    ) {
        let text = self.text(path);
        for line in &text.lines {
            if stack.len() >= LONGEST {
                return;
            }
            let handler = |job, control| Handler { at: line.at.clone(), level, job, control };
            if !is_of_type(&line.words[0], wanted) {
                continue;
            }
            let Some(included) = included(line) else {
                let control = line.words.get(1).map_or(Control::refusal(), |it| Control::parse(it));
                let module = module(line).filter(|_| is_a_type(&line.words[0]));
                stack.push(handler(module.map_or(Job::Refusal, Job::Module), control));
                continue;
            };
            let Some(found) = self.find(included.name).filter(|_| depth + 1 < DEEPEST) else {
                stack.push(handler(Job::Refusal, Control::refusal()));
                continue;
            };
            if included.is_substack {
                stack.push(handler(Job::Substack, Control::refusal()));
            }
            let level = level + usize::from(included.is_substack);
            self.gather(found, wanted, level, depth + 1, stack);
        }
        // For the line that includes it.
        if let Some(at) = text.cut_off.filter(|_| depth > 0) {
            stack.push(Handler { at, level, job: Job::Refusal, control: Control::refusal() });
        }
    }
}

/// Where a file of that name may be. The first that is there counts.
fn places_of(name: &str) -> Vec<PathBuf> {
    if name.starts_with('/') {
        vec![PathBuf::from(name)]
    } else {
        DIRECTORIES.iter().map(|directory| Path::new(directory).join(name)).collect()
    }
}

struct Included<'a> {
    name: &'a str,
    is_substack: bool,
}

/// Debian's own way to include a file, for lines of all types.
const INCLUDE: &str = "@include";

/// The file that a line includes: `@include FILE`, `TYPE include FILE`, `TYPE substack FILE`.
fn included(line: &Line) -> Option<Included<'_>> {
    let word = |index: usize| line.words.get(index).map(String::as_str);
    let is =
        |index, expected: &str| word(index).is_some_and(|word| word.eq_ignore_ascii_case(expected));
    if is(0, INCLUDE) {
        return Some(Included { name: word(1)?, is_substack: false });
    }
    let is_substack = is(1, "substack");
    (is_substack || is(1, "include")).then(|| Some(Included { name: word(2)?, is_substack }))?
}

/// The type that a line's first word names. A `-` before it is about the log alone.
fn type_of(word: &str) -> &str {
    word.strip_prefix('-').unwrap_or(word)
}

/// Whether the word is one of the four types.
fn is_a_type(word: &str) -> bool {
    ["auth", "account", "password", "session"]
        .iter()
        .any(|it| type_of(word).eq_ignore_ascii_case(it))
}

/// Whether a line counts as one of that type. One of no type that there is counts as one of `auth`,
/// or of the type that was included, and refuses.
fn is_of_type(word: &str, wanted: &str) -> bool {
    type_of(word).eq_ignore_ascii_case(wanted)
        || word.eq_ignore_ascii_case(INCLUDE)
        || !is_a_type(word)
}
