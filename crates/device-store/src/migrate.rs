//! The schema, step by step: SQL files in `schema/device`, run in order. A step's version is its
//! place in the list; the runner writes it, in the transaction of the step itself.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::error::OpenError;

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The file's name without its ending.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
}

macro_rules! step {
    ($name:literal) => {
        Step { name: $name, sql: include_str!(concat!("../../../schema/device/", $name, ".sql")) }
    };
}

/// Every step so far. A released one is never edited: add the next.
pub(crate) const STEPS: &[Step] = &[
    step!("0001_device"),
    step!("0002_policy"),
    step!("0003_settled"),
    step!("0004_attachments"),
    step!("0007_divergence"),
    step!("0008_recorded_form"),
    step!("0009_head"),
    step!("0010_anew"),
    step!("0011_link"),
    step!("0012_terms"),
];

/// Brings the file to the last of `steps`; refuses one that is further on already.
pub(crate) fn run(conn: &mut Connection, steps: &[Step]) -> Result<(), OpenError> {
    loop {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = version(&tx)?;
        let Some(step) = steps.get(version) else {
            return refuse_newer(&tx, version, steps);
        };
        if version == 0 {
            tx.execute_batch(
                "create table schema_step (version integer primary key, name text not null) strict",
            )?;
        }
        tx.execute_batch(step.sql)?;
        tx.execute(
            "insert into schema_step (version, name) values (?1, ?2)",
            (version + 1, step.name),
        )?;
        tx.pragma_update(None, "user_version", version + 1)?;
        tx.commit()?;
    }
}

/// How many steps the file has behind it.
fn version(conn: &Connection) -> Result<usize, OpenError> {
    let version = conn.query_row("pragma user_version", [], |row| row.get(0))?;
    let tables: u32 = conn.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let ours: u32 = conn.query_row(
        "select count(*) from sqlite_schema where type = 'table' and name = 'schema_step'",
        [],
        |row| row.get(0),
    )?;
    if tables > 0 && (ours == 0 || version == 0) { Err(OpenError::Foreign) } else { Ok(version) }
}

fn refuse_newer(conn: &Connection, version: usize, steps: &[Step]) -> Result<(), OpenError> {
    if version == steps.len() {
        return Ok(());
    }
    let name: Option<String> = conn
        .query_row("select name from schema_step where version = ?1", [version], |row| row.get(0))
        .optional()?;
    Err(OpenError::Newer {
        file: version,
        file_name: name.unwrap_or_else(|| "unnamed".to_owned()),
        app: steps.len(),
        app_name: steps.last().map_or("none", |step| step.name),
    })
}

#[cfg(test)]
mod tests {
    use doorstep_core::seal::Hash;

    use super::*;

    /// Released steps and the hashes of their files. Only ever added to.
    const RELEASED: &[(&str, &str)] = &[
        ("0001_device", "63ff1582ddc1c66cc981e3d922060070d61536ba7df6dc794143fdf9a8a294ca"),
        ("0002_policy", "7232cbafd16466b73ef0e1afb0e4770afaff556886a7ab85811308f59b9c2ec3"),
    ];

    const TWO: &[Step] = &[
        Step {
            name: "0001_first",
            sql: "create table a (x integer) strict; insert into a values (1);",
        },
        Step {
            name: "0002_second",
            sql: "alter table a add column y text not null default 'none';",
        },
    ];

    fn memory() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    fn shape(conn: &Connection) -> Vec<(String, String)> {
        let mut statement = conn
            .prepare("select name, coalesce(sql, '') from sqlite_schema order by name")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The first released step whose text is not what was released.
    fn first_edited(released: &[(&str, &str)], steps: &[Step]) -> Option<String> {
        released
            .iter()
            .enumerate()
            .find(|(place, (name, hash))| {
                steps.get(*place).is_none_or(|step| {
                    step.name != *name || Hash::of(step.sql.as_bytes()).to_string() != *hash
                })
            })
            .map(|(_, (name, _))| (*name).to_owned())
    }

    #[test]
    fn an_upgraded_file_equals_a_fresh_one() {
        for steps in [STEPS, TWO] {
            let mut fresh = memory();
            run(&mut fresh, steps).unwrap();
            for from in 0..steps.len() {
                let mut upgraded = memory();
                run(&mut upgraded, &steps[..from]).unwrap();
                run(&mut upgraded, steps).unwrap();
                assert_eq!(shape(&upgraded), shape(&fresh), "from {from}");
                assert_eq!(version(&upgraded).unwrap(), steps.len());
            }
        }
    }

    #[test]
    fn what_was_there_before_an_upgrade_is_there_after_it() {
        let mut conn = memory();
        run(&mut conn, &TWO[..1]).unwrap();
        run(&mut conn, TWO).unwrap();
        let row: (i64, String) =
            conn.query_row("select x, y from a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(row, (1, "none".to_owned()));
    }

    #[test]
    fn a_newer_file_is_refused_by_name() {
        let mut conn = memory();
        run(&mut conn, TWO).unwrap();
        let refusal = run(&mut conn, &TWO[..1]).unwrap_err().to_string();
        assert!(refusal.contains("0002_second") && refusal.contains("0001_first"), "{refusal}");
        assert_eq!(version(&conn).unwrap(), 2);
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let broken = [TWO[0], Step { name: "0002_broken", sql: "create table b (x); nonsense" }];
        let mut conn = memory();
        assert!(run(&mut conn, &broken).is_err());
        assert_eq!(version(&conn).unwrap(), 1);
        assert!(!shape(&conn).iter().any(|(name, _)| name == "b"));
    }

    #[test]
    fn a_database_that_is_not_ours_is_refused() {
        let mut conn = memory();
        conn.execute_batch("create table letters (x)").unwrap();
        assert!(matches!(run(&mut conn, STEPS), Err(OpenError::Foreign)));
    }

    #[test]
    fn released_steps_are_frozen() {
        assert_eq!(first_edited(RELEASED, STEPS), None);
    }

    #[test]
    fn an_edited_removed_or_renamed_step_is_noticed() {
        let hash = Hash::of(TWO[0].sql.as_bytes()).to_string();
        let released = [("0001_first", hash.as_str())];
        assert_eq!(first_edited(&released, TWO), None);
        for steps in [
            &[Step { name: "0001_first", sql: "create table a (z);" }][..],
            &[Step { name: "0001_other", sql: TWO[0].sql }][..],
            &[][..],
        ] {
            assert_eq!(first_edited(&released, steps).as_deref(), Some("0001_first"));
        }
    }
}
