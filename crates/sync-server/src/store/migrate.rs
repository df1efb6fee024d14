//! The versions of the server's tables. A version is a file's place in the list; a file that was in
//! a release is never edited, the next one is added behind it.

/// One step from a version to the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The file's name.
    pub name: &'static str,
    /// What it does, for SQLite.
    pub sqlite: &'static str,
}

macro_rules! migration {
    ($name:literal) => {
        Migration {
            name: $name,
            sqlite: include_str!(concat!("../../../../schema/server/", $name, ".sqlite.sql")),
        }
    };
}

/// All steps, the oldest first.
pub const MIGRATIONS: &[Migration] = &[
    migration!("0001_foundation"),
    migration!("0002_accounts"),
    migration!("0003_policy"),
    migration!("0004_settled"),
    migration!("0005_clock"),
    migration!("0006_visits"),
    migration!("0007_attachments"),
    migration!("0008_divergence"),
    migration!("0009_chain"),
    migration!("0010_figures"),
    migration!("0011_access"),
    migration!("0012_notices"),
    migration!("0013_tree"),
    migration!("0014_second_factor"),
    migration!("0015_attachment_sender"),
    migration!("0016_own_passwords"),
];

/// The steps that were in a release, with the SHA-256 of their files: these may not change any
/// more.
#[cfg(test)]
const RELEASED: &[(&str, &str)] = &[];

#[cfg(test)]
mod tests {
    use super::*;
    use doorstep_core::seal::Hash;

    #[test]
    fn names_say_their_place() {
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            assert!(
                migration.name.starts_with(&format!("{:04}_", place + 1)),
                "{}",
                migration.name
            );
        }
    }

    #[test]
    fn released_files_are_frozen() {
        for ((name, hash), migration) in RELEASED.iter().zip(MIGRATIONS) {
            assert_eq!(*name, migration.name);
            assert_eq!(*hash, Hash::of(migration.sqlite.as_bytes()).to_string(), "{name}");
        }
    }
}
