//! What is published and what it is made of: the size of every package, licences, sources and versions of dependencies, as
//! `deny.toml` lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// The top of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(ROOT).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A package that the workspace is built of.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// All of them, of tests and of other platforms too. What Cargo.lock has more, no feature asks for.
fn packages() -> BTreeSet<Package> {
    let tree = cargo(&[
        "tree",
        "--locked",
        "--workspace",
        "--all-features",
        "--target=all",
        "--edges=normal,build,dev",
        "--prefix=none",
        "--format={p}|{l}",
    ]);
    let package = |line: &str| {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
        let mut words = package.split(' ');
        let (name, version) = (words.next()?.into(), words.next()?.trim_start_matches('v').into());
        Some(Package { name, version, licence: licence.into() })
    };
    let all: BTreeSet<Package> = tree.lines().filter_map(package).collect();
    assert!(all.len() > 200, "{tree}");
    all
}

fn deny() -> toml::Table {
    fs::read_to_string(Path::new(ROOT).join("deny.toml")).unwrap().parse().unwrap()
}

/// The strings of a list.
fn strings(list: &toml::Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
}

/// Whether an expression of SPDX can be met. Brackets stand around alternatives that `AND` joins, in all there are.
fn is_met(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace(" / ", " OR ").replace('/', " OR ");
    expression.split(" AND ").all(|part| {
        let part = part.trim_start_matches('(').trim_end_matches(')');
        part.split(" OR ").any(|licence| allowed.contains(licence))
    })
}

#[test]
fn licences_of_all_dependencies_are_allowed() {
    let deny = deny();
    let licences = deny["licenses"].as_table().unwrap();
    let allowed = strings(&licences["allow"]);
    let exceptions: BTreeMap<&str, BTreeSet<&str>> = licences["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["crate"].as_str().unwrap(), strings(&one["allow"])))
        .collect();
    let packages = packages();
    for Package { name, licence, .. } in &packages {
        let mut here = allowed.clone();
        here.extend(exceptions.get(name.as_str()).into_iter().flatten());
        assert!(is_met(licence, &here), "{name}: {licence}");
    }
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    assert!(exceptions.keys().all(|name| names.contains(name)), "an exception for what is not used");
    assert!(!is_met("GPL-3.0", &allowed) && !is_met("(MIT OR ISC) AND GPL-3.0", &allowed));
    assert!(is_met("GPL-3.0 OR MIT", &allowed) && is_met("(GPL-3.0 OR MIT) AND Zlib", &allowed));
}

#[test]
fn dependencies_come_from_the_registry() {
    let lock: toml::Table = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap().parse().unwrap();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        match package.get("source") {
            None => assert!(name.starts_with("overlaps"), "{name} is a folder"),
            Some(source) => {
                assert_eq!(
                    source.as_str(),
                    Some("registry+https://github.com/rust-lang/crates.io-index"),
                    "{name}"
                )
            }
        }
    }
}

#[test]
fn dependencies_are_there_in_one_version() {
    let deny = deny();
    let skipped = deny["bans"]["skip"].as_array().unwrap().iter();
    let skipped: BTreeSet<&str> = skipped.map(|one| one["crate"].as_str().unwrap()).collect();
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for Package { name, version, .. } in packages() {
        let full = format!("{name}@{version}");
        match skipped.contains(full.as_str()) {
            true => _ = known.insert(full),
            false => *versions.entry(name).or_default() += 1,
        }
    }
    let several: Vec<_> = versions.iter().filter(|(_, count)| **count > 1).collect();
    assert!(several.is_empty(), "in several versions, and not in the list of deny.toml: {several:?}");
    assert_eq!(known.len(), skipped.len(), "of those in the list of deny.toml there are {known:?}");
}

#[test]
fn every_package_is_smaller_than_a_megabyte() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().to_str().unwrap();
    let arguments =
        ["package", "--workspace", "--no-verify", "--allow-dirty", "--locked", "--target-dir", target];
    cargo(
        &[
            &arguments[..],
            &["--exclude", "overlaps-c", "--exclude", "overlaps-python", "--exclude", "overlaps-web"],
        ]
        .concat(),
    );
    let made = fs::read_dir(folder.path().join("package")).unwrap().map(|entry| entry.unwrap());
    let sizes: BTreeMap<String, u64> = made
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "crate"))
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len()))
        .collect();
    assert_eq!(sizes.len(), 7, "{sizes:?}");
    assert!(sizes.values().all(|bytes| *bytes < 1_000_000), "{sizes:?}");
}
