//! Judges what the workspace depends on, as `cargo metadata` tells it: `tools/dependencies` runs it.
//!
//! dependencies ACCEPTED <METADATA       ACCEPTED is tools/dependencies.list
//!
//! Refused are a crate that wants a newer Rust than ours, one whose licence is not on the list or that is not
//! from where all the others are, and a second version of a crate for which no reason is written.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

fn main() -> ExitCode {
    let path = std::env::args().nth(1).expect("usage: dependencies ACCEPTED <METADATA");
    let accepted = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let accepted = Accepted::of(&accepted);
    let metadata: Value =
        serde_json::from_reader(std::io::stdin()).expect("what cargo metadata says");
    let packages = packages_of(&metadata);
    let complaints = complaints_about(&packages, &accepted);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if complaints.is_empty() {
        println!(
            "{} crates: versions of Rust, licences and sources are as they should be",
            packages.len()
        );
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

/// What is written in the list.
struct Accepted<'l> {
    licences: BTreeSet<&'l str>,
    /// Crates that may come twice; each line has a reason.
    twice: BTreeSet<&'l str>,
}

impl<'l> Accepted<'l> {
    fn of(list: &'l str) -> Self {
        let (mut licences, mut twice) = (BTreeSet::new(), BTreeSet::new());
        let lines =
            list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            match line.split(": ").collect::<Vec<_>>()[..] {
                ["licence", licence] => licences.insert(licence),
                ["twice", name, _reason, ..] => twice.insert(name),
                _ => panic!("neither \"licence: WHICH\" nor \"twice: CRATE: REASON\": {line}"),
            };
        }
        Self { licences, twice }
    }
}

struct Package<'m> {
    name: &'m str,
    version: &'m str,
    rust_version: Option<&'m str>,
    licence: Option<&'m str>,
    /// None of what lies in a directory here.
    source: Option<&'m str>,
    is_ours: bool,
}

fn packages_of(metadata: &Value) -> Vec<Package<'_>> {
    let ours = metadata["workspace_members"].as_array().expect("members");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .map(|package| Package {
            name: package["name"].as_str().expect("a name"),
            version: package["version"].as_str().expect("a version"),
            rust_version: package["rust_version"].as_str(),
            licence: package["license"].as_str(),
            source: package["source"].as_str(),
            is_ours: ours.contains(&package["id"]),
        })
        .collect()
}

fn complaints_about(packages: &[Package<'_>], accepted: &Accepted<'_>) -> Vec<String> {
    let rust =
        packages.iter().filter(|package| package.is_ours).find_map(|package| package.rust_version);
    let rust = rust.expect("the workspace says its rust-version");
    let others: Vec<_> = packages.iter().filter(|package| !package.is_ours).collect();
    let usual = usual_source(&others);
    let mut complaints = Vec::new();
    for package in others {
        let mut complain = |what: String| {
            complaints.push(format!("{} {}: {what}", package.name, package.version));
        };
        if let Some(wanted) = package.rust_version.filter(|wanted| numbers(wanted) > numbers(rust))
        {
            complain(format!("wants Rust {wanted}, and ours is {rust}"));
        }
        let licence = package.licence.unwrap_or("none");
        if !accepted.licences.contains(licence) {
            complain(format!("its licence is not on the list: {licence}"));
        }
        if package.source.is_none() || package.source != usual {
            complain(format!(
                "comes from another source: {}",
                package.source.unwrap_or("a directory")
            ));
        }
    }
    complaints.extend(complaints_about_versions(packages, &accepted.twice));
    complaints
}

/// The registry that most crates are from.
fn usual_source<'m>(packages: &[&Package<'m>]) -> Option<&'m str> {
    let mut count = BTreeMap::new();
    for source in packages.iter().filter_map(|package| package.source) {
        if source.starts_with("registry+") || source.starts_with("sparse+") {
            *count.entry(source).or_insert(0) += 1;
        }
    }
    count.into_iter().max_by_key(|(_, count)| *count).map(|(source, _)| source)
}

/// `1.9` is before `1.10`, and `1.89` the same as `1.89.0`.
fn numbers(version: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> =
        version.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect();
    numbers.resize(3, 0);
    numbers
}

fn complaints_about_versions(packages: &[Package<'_>], twice: &BTreeSet<&str>) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(package.name).or_default().insert(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let without =
        versions.iter().filter(|(name, _)| !twice.contains(*name)).map(|(name, versions)| {
            format!("{name}: in several versions, and no reason is written: {versions:?}")
        });
    let useless = twice.iter().filter(|name| !versions.contains_key(*name));
    without
        .chain(useless.map(|name| format!("{name}: it comes once; take the reason away")))
        .collect()
}
