//! What the files of a crate import from each other, by their `use` lines, and what they say. Tests are left
//! out, and so is what a file takes of the module that it stands in: a trait and who implements it are one
//! thing.

use crate::machine::workspace;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The sources of a crate, without tests.
pub struct Crate {
    /// By path below `src`.
    files: BTreeMap<String, String>,
}

impl Crate {
    /// Reads the crate that lies in that folder of the workspace.
    pub fn read(folder: &str) -> Self {
        let mut files = BTreeMap::new();
        let top = workspace().join(folder).join("src");
        add(&top, &top, &mut files);
        let of_tests: BTreeSet<_> =
            files.iter().flat_map(|(path, text)| tests_of(path, text)).collect();
        files.retain(|path, _| !of_tests.iter().any(|it| is_in(path, it)));
        let files = files.into_iter().map(|(path, text)| (path, without_tests(&text))).collect();
        Self { files }
    }

    /// Each file, and which others it imports from.
    pub fn arrows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let of = |(file, text): (&String, &String)| {
            let all = paths(text).into_iter().filter_map(|path| self.target(file, &path));
            let all = all.filter(|to| to != file && !is_around(to, file)).collect();
            (file.clone(), all)
        };
        self.files.iter().map(of).collect()
    }

    /// Each file, and all that it imports, as it says it.
    pub fn imports(&self) -> BTreeMap<String, Vec<String>> {
        self.files.iter().map(|(file, text)| (file.clone(), paths(text))).collect()
    }

    /// Each file, and the texts in quotation marks in it, comments left out.
    pub fn literals(&self) -> BTreeMap<String, Vec<String>> {
        self.files.iter().map(|(file, text)| (file.clone(), literals(text))).collect()
    }

    /// In which file that stands which `path` means in `file`.
    fn target(&self, file: &str, path: &str) -> Option<String> {
        let mut segments: Vec<_> = path.split("::").map(str::to_owned).collect();
        let mut module = module_of(file);
        match segments[0].as_str() {
            "crate" => module.clear(),
            "super" => drop(module.pop()),
            "self" => {}
            first if self.file_of(&[module.clone(), vec![first.to_owned()]].concat()).is_some() => {
                segments.insert(0, String::new());
            }
            _ => return None,
        }
        segments.remove(0);
        while segments.first().is_some_and(|it| it == "super") {
            module.pop();
            segments.remove(0);
        }
        while let Some(first) = segments.first() {
            let deeper = [module.clone(), vec![first.clone()]].concat();
            if self.file_of(&deeper).is_none() {
                break;
            }
            module = deeper;
            segments.remove(0);
        }
        let found = self.file_of(&module)?;
        // What is only handed on stands elsewhere.
        let handed_on = segments.first().and_then(|item| {
            let own = paths(&self.files[&found]);
            own.into_iter().find(|path| path.rsplit("::").next() == Some(item) && found != file)
        });
        match handed_on {
            Some(path) if path != *"crate" => self.target(&found, &path).or(Some(found)),
            _ => Some(found),
        }
    }

    /// The file of a module.
    fn file_of(&self, module: &[String]) -> Option<String> {
        let path = module.join("/");
        let names = match module {
            [] => vec!["lib.rs".to_owned(), "main.rs".to_owned()],
            _ => vec![format!("{path}.rs"), format!("{path}/mod.rs")],
        };
        names.into_iter().find(|name| self.files.contains_key(name))
    }
}

fn add(top: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("a crate has sources") {
        let path = entry.expect("it is listed").path();
        if path.is_dir() {
            add(top, &path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let name =
                path.strip_prefix(top).expect("it lies below").to_string_lossy().into_owned();
            files.insert(name, std::fs::read_to_string(path).expect("a source is text"));
        }
    }
}

/// The modules of tests that a file declares, as paths without ending.
fn tests_of(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let name = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(super) ");
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
    };
    let names = declared.filter_map(|pair| name(pair[1]));
    names.map(|name| [module_of(path), vec![name]].concat().join("/")).collect()
}

/// Whether the file `path` is the module `module`, or lies in it.
fn is_in(path: &str, module: &str) -> bool {
    path == format!("{module}.rs") || path.starts_with(&format!("{module}/"))
}

/// Whether the file `outer` is a module that `file` stands in.
fn is_around(outer: &str, file: &str) -> bool {
    let (outer, inner) = (module_of(outer), module_of(file));
    outer.len() < inner.len() && inner.starts_with(&outer)
}

fn module_of(path: &str) -> Vec<String> {
    let mut module: Vec<_> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

/// The text up to the tests at its end.
fn without_tests(text: &str) -> String {
    let end = text.find("\n#[cfg(test)]\nmod ").filter(|at| {
        let rest = text[at + "\n#[cfg(test)]\n".len()..].lines().next();
        rest.is_some_and(|line| line.ends_with('{'))
    });
    text[..end.unwrap_or(text.len())].to_owned()
}

/// All that a text imports, one path for each name. Other crates' names are among them.
fn paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let begins_a_line = rest[..at].rsplit('\n').next().is_some_and(is_before_use);
        rest = &rest[at + "use ".len()..];
        if begins_a_line {
            let end = rest.find(';').unwrap_or(rest.len());
            let tree: String = rest[..end].split_whitespace().collect::<Vec<_>>().join(" ");
            expand("", &tree, &mut paths);
        }
    }
    paths
}

/// Whether a line up to `use` is an import's: nothing, or who may see it.
fn is_before_use(before: &str) -> bool {
    let before = before.trim();
    before.is_empty() || before == "pub" || before.starts_with("pub(") && before.ends_with(')')
}

/// Takes `a::{b, c::{d, self}}` apart.
fn expand(before: &str, tree: &str, paths: &mut Vec<String>) {
    let Some(open) = tree.find('{') else {
        let path = format!("{before}{}", tree.trim());
        let path = path.split(" as ").next().unwrap_or_default();
        paths.push(path.trim_end_matches("::self").to_owned());
        return;
    };
    let before = format!("{before}{}", &tree[..open]);
    let inner = tree[open + 1..].trim_end().strip_suffix('}').unwrap_or(&tree[open + 1..]);
    let (mut depth, mut begin) = (0, 0);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                expand(&before, inner[begin..at].trim(), paths);
                begin = at + 1;
            }
            _ => {}
        }
    }
    if !inner[begin..].trim().is_empty() {
        expand(&before, inner[begin..].trim(), paths);
    }
}

/// What stands in quotation marks, as it is typed.
fn literals(text: &str) -> Vec<String> {
    assert!(!text.contains("r#\""), "a raw text has quotation marks of its own");
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (sign, behind) = rest[at..].split_at(1);
        let is_character = behind.starts_with('\\') || behind.chars().nth(1) == Some('\'');
        rest = match sign {
            "/" if behind.starts_with('/') => behind.split_once('\n').map_or("", |(_, rest)| rest),
            "\"" => {
                let (literal, behind) = split_at_closing('"', behind);
                all.push(literal.to_owned());
                behind
            }
            // And not a lifetime.
            "'" if is_character => split_at_closing('\'', behind).1,
            _ => behind,
        };
    }
    all
}

/// What stands before the next `sign` without a backslash, and what stands behind it.
fn split_at_closing(sign: char, text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let is_closing = |it: char| {
        let found = it == sign && !is_escaped;
        is_escaped = it == '\\' && !is_escaped;
        found
    };
    let end = text.find(is_closing).expect("what is opened is closed");
    (&text[..end], &text[end + sign.len_utf8()..])
}
