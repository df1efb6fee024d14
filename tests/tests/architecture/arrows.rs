//! Which package may know of which, and inside the server, which module of which.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use doorstep_tests::tree::{self, TextFile};
use syn::visit::Visit;

/// Each package and those of the workspace that it may depend on. The tests may know everything.
const PACKAGES: &[(&str, &[&str])] = &[
    ("doorstep-coding", &["doorstep-core"]),
    ("doorstep-core", &[]),
    ("doorstep-device-store", &["doorstep-core"]),
    ("doorstep-field-app", &["doorstep-core", "doorstep-device-store", "doorstep-wording"]),
    ("doorstep-field-build", &[]),
    (
        "doorstep-field-web",
        &["doorstep-coding", "doorstep-core", "doorstep-device-store", "doorstep-field-app"],
    ),
    ("doorstep-sync-server", &["doorstep-coding", "doorstep-core", "doorstep-wording"]),
    ("doorstep-wording", &[]),
    (
        "doorstep",
        &[
            "doorstep-coding",
            "doorstep-core",
            "doorstep-device-store",
            "doorstep-field-app",
            "doorstep-sync-server",
        ],
    ),
    (
        "doorstep-benches",
        &["doorstep-coding", "doorstep-core", "doorstep-device-store", "doorstep-sync-server"],
    ),
];
const TESTS: &str = "doorstep-tests";

const ASYNC_AND_HTTP: &[&str] =
    &["async-std", "axum", "futures", "hyper", "lettre", "reqwest", "smol", "tokio"];
const DRIVERS: &[&str] = &["libsqlite3-sys", "rusqlite", "sqlx", "tokio-postgres"];

/// What a package may not reach, however far down.
const KEPT_OUT: &[(&str, &[&[&str]])] = &[
    ("doorstep-coding", &[ASYNC_AND_HTTP, DRIVERS]),
    ("doorstep-core", &[ASYNC_AND_HTTP, DRIVERS]),
    ("doorstep-device-store", &[ASYNC_AND_HTTP]),
    ("doorstep-wording", &[ASYNC_AND_HTTP, DRIVERS]),
];

/// What the rules may not even name: randomness comes in as an argument.
const NOT_NAMED_BY_CORE: &[&str] = &["getrandom", "rand", "tracing"];

/// A module of the server, and the modules that may know of it. `serve` starts everything.
const SERVER_MODULES_KNOWN_TO: &[(&str, &[&str])] = &[
    ("http", &["serve"]),
    ("console", &["serve", "http"]),
    ("ingest", &["serve", "http", "console", "admin", "sweep"]),
    ("sweep", &["serve", "http", "console"]),
    ("outbox", &["serve", "http", "console"]),
    ("notify", &["serve", "outbox"]),
];

/// A package's manifest: what it is called and what it asks for.
struct Manifest {
    name: String,
    /// What it is built with.
    dependencies: BTreeSet<String>,
    /// What only its own tests are built with.
    test_dependencies: BTreeSet<String>,
}

impl Manifest {
    fn read(text: &str) -> Self {
        let table: toml::Table = text.parse().expect("a manifest is TOML");
        let name = table["package"]["name"].as_str().expect("a package has a name").to_owned();
        let mut manifest =
            Self { name, dependencies: BTreeSet::new(), test_dependencies: BTreeSet::new() };
        manifest.take(&table);
        let targets = table.get("target").and_then(toml::Value::as_table);
        for target in targets.into_iter().flat_map(|targets| targets.values()) {
            manifest.take(target.as_table().expect("a target is a table"));
        }
        manifest
    }

    fn take(&mut self, table: &toml::Table) {
        let names = |section: &str| {
            let names = table.get(section).and_then(toml::Value::as_table).map(toml::Table::keys);
            names.into_iter().flatten().cloned().collect::<Vec<_>>()
        };
        self.dependencies.extend(names("dependencies"));
        self.dependencies.extend(names("build-dependencies"));
        self.test_dependencies.extend(names("dev-dependencies"));
    }

    /// Its arrows inside the workspace that nobody drew.
    fn faults(&self) -> Vec<String> {
        if self.name == TESTS {
            return Vec::new();
        }
        let Some((_, allowed)) = PACKAGES.iter().find(|(name, _)| *name == self.name) else {
            return vec![format!("{}: say in PACKAGES what it may depend on", self.name)];
        };
        let ours = |name: &&String| name.starts_with("doorstep") && **name != self.name;
        let asked_for = self.dependencies.union(&self.test_dependencies).filter(ours);
        let strange = asked_for.filter(|name| !allowed.contains(&name.as_str()));
        let mut faults: Vec<_> =
            strange.map(|name| format!("{} must not depend on {name}", self.name)).collect();
        if self.name == "doorstep-core" {
            let named = NOT_NAMED_BY_CORE.iter().filter(|name| self.dependencies.contains(**name));
            faults.extend(named.map(|name| format!("{} must not name {name}", self.name)));
        }
        faults
    }
}

/// The packages of a lock file, each with those that it asks for.
fn lock_graph(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let table: toml::Table = lock.parse().expect("the lock file is TOML");
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in table["package"].as_array().expect("the lock file lists packages") {
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        let list = package.get("dependencies").and_then(toml::Value::as_array);
        let names = list.into_iter().flatten().filter_map(toml::Value::as_str);
        let names = names.filter_map(|text| text.split(' ').next()).map(str::to_owned);
        graph.entry(name).or_default().extend(names);
    }
    graph
}

/// What `package` reaches though it must not. What only its own tests ask for is not followed.
fn reached(lock: &str, package: &Manifest, kept_out: &[&[&str]]) -> Vec<String> {
    let graph = lock_graph(lock);
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut next: VecDeque<&str> = package.dependencies.iter().map(String::as_str).collect();
    while let Some(name) = next.pop_front() {
        if seen.insert(name) {
            next.extend(graph.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    let kept_out = kept_out.iter().copied().flatten().filter(|name| seen.contains(**name));
    kept_out.map(|name| format!("{} reaches {name}", package.name)).collect()
}

/// The module of the server that a file belongs to: `ingest` for `ingest.rs` and `ingest/plan.rs`.
fn module_path(path: &str) -> Vec<String> {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let parts = inside.trim_end_matches(".rs").split('/').filter(|part| *part != "mod");
    parts.map(str::to_owned).collect()
}

/// What a file of the server knows of though it must not.
fn server_faults(file: &TextFile) -> Vec<String> {
    let module = module_path(&file.path);
    let own = module.first().map_or("lib", String::as_str);
    let mut mentions = Mentions { module: module.clone(), found: BTreeSet::new() };
    match syn::parse_file(&file.text) {
        Ok(parsed) => mentions.visit_file(&parsed),
        Err(error) => return vec![format!("{}: {error}", file.path)],
    }
    SERVER_MODULES_KNOWN_TO
        .iter()
        .filter(|(known, by)| {
            mentions.found.contains(*known) && *known != own && !by.contains(&own)
        })
        .map(|(known, _)| format!("{}: {own} must not know of {known}", file.path))
        .collect()
}

/// The top modules of its own crate that a file names in a path, tests apart.
struct Mentions {
    module: Vec<String>,
    found: BTreeSet<String>,
}

impl Mentions {
    /// Takes in a path of which these are the first parts.
    fn path(&mut self, parts: &[String]) {
        let mut place = self.module.clone();
        if place == ["lib"] {
            place.clear();
        }
        let mut parts = parts.iter();
        for part in parts.by_ref() {
            match part.as_str() {
                "crate" => place.clear(),
                "self" => {}
                "super" => drop(place.pop()),
                name if place.is_empty() => {
                    self.found.insert(name.to_owned());
                    return;
                }
                _ => return,
            }
        }
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.path(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.path(&with(&rename.ident)),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(before, tree));
            }
            syn::UseTree::Glob(_) => self.path(before),
        }
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !super::sizes::is_for_tests(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if parts.first().is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str())) {
            self.path(&parts);
        }
        syn::visit::visit_path(self, path);
    }
}

fn manifests() -> Vec<Manifest> {
    let manifests = tree::files()
        .into_iter()
        .filter(|file| file.path.ends_with("/Cargo.toml") && file.text.contains("[package]"));
    manifests.map(|file| Manifest::read(&file.text)).collect()
}

#[test]
fn packages_know_only_of_those_below_them() {
    let manifests = manifests();
    assert!(manifests.len() >= 5, "the manifests were not found");
    super::none(&manifests.iter().flat_map(Manifest::faults).collect::<Vec<_>>());
}

#[test]
fn rules_and_device_store_reach_no_network_and_the_rules_no_database() {
    let lock = tree::read("Cargo.lock").text;
    let manifests = manifests();
    for (name, kept_out) in KEPT_OUT {
        let manifest = manifests.iter().find(|manifest| manifest.name == *name);
        super::none(&reached(&lock, manifest.expect("the package is there"), kept_out));
    }
}

#[test]
fn modules_of_the_server_know_only_of_those_below_them() {
    let files = tree::files();
    let server = files.iter().filter(|file| {
        let is_test = file.path.contains("/tests/") || file.path.ends_with("/testing.rs");
        file.path.starts_with("crates/sync-server/src/") && file.has_extension(&["rs"]) && !is_test
    });
    super::none(&server.flat_map(server_faults).collect::<Vec<_>>());
}

#[test]
fn planted_arrows_between_packages_are_found() {
    for (name, section, dependency, faults) in [
        ("doorstep-device-store", "dependencies", "doorstep-core", 0),
        ("doorstep-device-store", "dependencies", "doorstep-sync-server", 1),
        ("doorstep-device-store", "dev-dependencies", "doorstep-sync-server", 1),
        ("doorstep-device-store", "dev-dependencies", "doorstep-device-store", 0),
        ("doorstep-sync-server", "build-dependencies", "doorstep-device-store", 1),
        ("doorstep-core", "target.'cfg(unix)'.dependencies", "doorstep", 1),
        ("doorstep-core", "dependencies", "getrandom", 1),
        ("doorstep", "dependencies", "doorstep-tests", 1),
        ("doorstep-elsewhere", "dependencies", "serde", 1),
    ] {
        let text = format!("[package]\nname = \"{name}\"\n[{section}]\n{dependency} = \"1\"\n");
        let found = Manifest::read(&text).faults();
        assert_eq!(found.len(), faults, "{text}{found:?}");
    }
}

#[test]
fn a_planted_driver_far_down_is_found() {
    let lock = concat!(
        "[[package]]\nname = \"a\"\ndependencies = [\"b 1.0.0\"]\n",
        "[[package]]\nname = \"b\"\ndependencies = [\"rusqlite\"]\n",
        "[[package]]\nname = \"rusqlite\"\n",
    );
    let package = |dependencies| {
        let text = format!("[package]\nname = \"doorstep-core\"\n[{dependencies}]\na = \"1\"\n");
        Manifest::read(&text)
    };
    assert_eq!(reached(lock, &package("dependencies"), &[DRIVERS]).len(), 1);
    assert_eq!(reached(lock, &package("dev-dependencies"), &[DRIVERS]).len(), 0);
    assert_eq!(reached(lock, &package("dependencies"), &[ASYNC_AND_HTTP]).len(), 0);
}

#[test]
fn planted_arrows_inside_the_server_are_found() {
    for (path, text, faults) in [
        ("ingest.rs", "use crate::store::Store;", 0),
        ("ingest.rs", "use crate::http::Problem;", 1),
        ("ingest.rs", "use crate::{store, http::Problem};", 1),
        ("ingest/plan.rs", "fn f() { crate::console::draw(); }", 1),
        ("ingest/plan.rs", "use super::super::http as h;", 1),
        ("ingest/mod.rs", "use super::http;", 1),
        ("store/sqlite.rs", "use super::http;", 0),
        ("store/sqlite.rs", "fn f(plan: crate::ingest::Plan) {}", 1),
        ("serve.rs", "use crate::http; use super::outbox;", 0),
        ("lib.rs", "use crate::http; use self::outbox;", 2),
        ("http/sync.rs", "use crate::http::error; use crate::ingest;", 0),
        ("store.rs", "#[cfg(test)] mod tests { use crate::http; }", 0),
        ("store.rs", "use axum::http::StatusCode;", 0),
    ] {
        let path = format!("crates/sync-server/src/{path}");
        let found = server_faults(&TextFile::planted(&path, text));
        assert_eq!(found.len(), faults, "{path}: {text}: {found:?}");
    }
}
