use crate::{
    Outcome,
    run::{cargo, root},
};
use serde::Deserialize;
use spdx::{Expression, Licensee};
use std::fs;

/// The part of `deny.toml` that is checked here.
#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

/// What cargo says of the whole tree.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// `null` for our own.
    source: Option<String>,
}

/// Checks every dependency's licence, name and source against `deny.toml`.
pub fn run() -> Outcome {
    let text = fs::read_to_string(root().join("deny.toml")).map_err(|error| error.to_string())?;
    let rules: Rules = toml::from_str(&text).map_err(|error| format!("deny.toml: {error}"))?;
    let allowed: Vec<Licensee> = rules.licenses.allow.iter().filter_map(|it| Licensee::parse(it).ok()).collect();
    let metadata = cargo(&["metadata", "--format-version", "1", "--all-features", "--locked"]).output()?;
    let Metadata { packages } = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let faults: Vec<String> = packages.iter().filter_map(|package| fault(package, &allowed, &rules.bans)).collect();
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    println!("{} packages: every licence and source is allowed", packages.len());
    Ok(())
}

fn fault(package: &Package, allowed: &[Licensee], bans: &Bans) -> Option<String> {
    let Package { name, version, .. } = package;
    let source = package.source.as_deref()?;
    if !source.starts_with("registry+") && !source.starts_with("sparse+") {
        return Some(format!("{name} {version} comes from {source}, which is no registry"));
    }
    if bans.deny.iter().any(|banned| banned.name == *name) {
        return Some(format!("{name} {version} is banned"));
    }
    let Some(licence) = &package.license else {
        return Some(format!("{name} {version} names no licence"));
    };
    // some old packages write `MIT/Apache-2.0`
    let parsed = Expression::parse(&licence.replace('/', " OR "));
    match parsed {
        Ok(expression) if expression.evaluate(|wanted| allowed.iter().any(|it| it.satisfies(wanted))) => None,
        Ok(_) => Some(format!("{name} {version} has the licence {licence}, which is not allowed")),
        Err(error) => Some(format!("{name} {version} has the licence {licence}, which cannot be read: {error}")),
    }
}
