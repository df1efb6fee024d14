//! Words that may not be written: where a developer's machine keeps things, which host serves a
//! package registry, and phrases that blame a child for what a parent or carer did not do.

use doorstep_tests::tree::{self, TextFile};

/// First folders of a path that means something on one machine only. Kept apart from the slashes,
/// so that this page does not name one.
const MACHINE_FOLDERS: &[&str] = &["Users", "home", "root", "tmp", "work"];

/// Halves of the names of registries' hosts.
const REGISTRIES: &[(&str, &str)] = &[
    ("crates", ".io"),
    ("registry.npm", "js"),
    ("pypi", ".org"),
    ("deb.", "debian"),
    ("static.rust-", "lang"),
];

/// A child does not choose to come: it was not brought, or was not seen (NA-3.3).
const BLAMING: &[&str] = &["did not attend", "didn't attend", "fail to attend", "failed to attend"];

/// Paths of one machine, such as a home folder.
fn machine_paths(file: &TextFile) -> Vec<String> {
    let is_of_a_machine = |line: &str| {
        MACHINE_FOLDERS.iter().any(|folder| {
            let path = format!("/{folder}/");
            line.match_indices(&path).any(|(at, _)| {
                let starts = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                let goes_on =
                    line[at + path.len()..].starts_with(|c: char| c.is_lowercase() || c == '.');
                starts && goes_on
            })
        })
    };
    faults(file, is_of_a_machine, "names a path of one machine")
}

fn registry_hosts(file: &TextFile) -> Vec<String> {
    let names_one = |line: &str| {
        REGISTRIES.iter().any(|(first, second)| line.contains(&format!("{first}{second}")))
    };
    faults(file, names_one, "names a package registry's host")
}

fn blaming_words(file: &TextFile) -> Vec<String> {
    let blames = |line: &str| {
        let line = line.to_lowercase();
        BLAMING.iter().any(|phrase| line.contains(phrase))
    };
    faults(file, blames, "blames a child: say \"was not brought\" or \"was not seen\"")
}

fn faults(file: &TextFile, is_fault: impl Fn(&str) -> bool, what: &str) -> Vec<String> {
    file.numbered()
        .filter(|(_, line)| is_fault(line))
        .map(|(number, _)| format!("{}:{number}: {what}", file.path))
        .collect()
}

/// Files whose words a person reads on a screen or in a message.
fn is_page(file: &TextFile) -> bool {
    file.path.starts_with("crates/") && file.has_extension(&["html", "js", "rs", "txt"])
}

#[test]
fn nothing_names_a_path_of_one_machine() {
    let files = tree::files();
    let ours = files.iter().filter(|file| !file.path.ends_with("package-lock.json"));
    super::none(&ours.flat_map(machine_paths).collect::<Vec<_>>());
}

#[test]
fn nothing_names_the_host_of_a_registry() {
    let files = tree::files();
    let ours = files.iter().filter(|file| file.path != "Cargo.lock");
    super::none(&ours.flat_map(registry_hosts).collect::<Vec<_>>());
}

#[test]
fn no_page_blames_a_child() {
    let files = tree::files();
    let pages = files.iter().filter(|file| is_page(file));
    super::none(&pages.flat_map(blaming_words).collect::<Vec<_>>());
}

/// A rule: the faults of one file.
type Check = fn(&TextFile) -> Vec<String>;

#[test]
fn planted_faults_are_found() {
    let path = |folder: &str, rest: &str| format!("see /{folder}/{rest}");
    let table: &[(Check, String, usize)] = &[
        (machine_paths, path("home", "ada/doorstep"), 1),
        (machine_paths, path("tmp", "x"), 1),
        (machine_paths, "the word home/office, /v1/home/page".to_owned(), 0),
        (machine_paths, "/etc/doorstep.toml".to_owned(), 0),
        (registry_hosts, format!("https://{}{}/x", "crates", ".io"), 1),
        (registry_hosts, "crates and their input".to_owned(), 0),
        (blaming_words, "<p>Sam Did Not Attend</p>".to_owned(), 1),
        (blaming_words, "<p>Sam was not brought</p>".to_owned(), 0),
    ];
    for (check, text, faults) in table {
        let found = check(&TextFile::planted("crates/planted.html", text));
        assert_eq!(found.len(), *faults, "{text}: {found:?}");
    }
}
