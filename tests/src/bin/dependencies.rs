//! Judges what the workspace depends on, as `cargo metadata` tells it: `tools/dependencies` runs it.
//!
//! dependencies ACCEPTED <METADATA       ACCEPTED is tools/dependencies.toml
//!
//! Refused are a crate that wants a newer Rust than ours, one whose licence is not on the list or that is not
//! from where all the others are, and a second version of a crate for which no reason is written.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

fn main() -> ExitCode {
    let path = std::env::args().nth(1).expect("usage: dependencies ACCEPTED <METADATA");
    let accepted = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let accepted: toml::Table = accepted.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
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

fn complaints_about(packages: &[Package<'_>], accepted: &toml::Table) -> Vec<String> {
    let rust =
        packages.iter().filter(|package| package.is_ours).find_map(|package| package.rust_version);
    let rust = rust.expect("the workspace says its rust-version");
    let licences = accepted["licences"].as_array().expect("licences");
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
        if package
            .licence
            .is_none_or(|licence| !licences.iter().any(|known| known.as_str() == Some(licence)))
        {
            complain(format!(
                "its licence is not on the list: {}",
                package.licence.unwrap_or("none")
            ));
        }
        if package.source.is_none() || package.source != usual {
            complain(format!(
                "comes from another source: {}",
                package.source.unwrap_or("a directory")
            ));
        }
    }
    complaints.extend(complaints_about_versions(packages, &accepted["twice"]));
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

fn complaints_about_versions(packages: &[Package<'_>], reasons: &toml::Value) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(package.name).or_default().insert(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let reasons = reasons.as_table().expect("a table");
    let has_reason = |name: &str| {
        reasons
            .get(name)
            .and_then(toml::Value::as_str)
            .is_some_and(|reason| !reason.trim().is_empty())
    };
    let without = versions.iter().filter(|(name, _)| !has_reason(name));
    let without = without.map(|(name, versions)| {
        format!("{name}: in several versions, and no reason is written: {versions:?}")
    });
    let useless = reasons.keys().filter(|name| !versions.contains_key(name.as_str()));
    without
        .chain(useless.map(|name| format!("{name}: it comes once; take the reason away")))
        .collect()
}
