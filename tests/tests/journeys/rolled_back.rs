//! Somebody puts an older copy of the database back, or changes a line of the access log: what
//! devices kept of how the logs stood gives it away.

use std::fs;
use std::path::{Path, PathBuf};

use doorstep_tests::journey::{Laptop, Organisation, doorstep, run};

fn record(laptop: &Laptop, note: &str) {
    let arguments = ["record", "--child", "andrei", "further-attempt", "--note", note];
    let _ = laptop.device(arguments).well();
    let _ = laptop.device(["sync"]).well();
}

/// What the device kept, in a file.
fn kept(organisation: &Organisation, laptop: &Laptop) -> PathBuf {
    let file = organisation.folder().join("heads.json");
    fs::write(&file, laptop.device(["head"]).well().stdout).expect("there is room");
    file
}

/// What `verify` says of the logs beside what was kept: the exit code, and how many findings.
fn verified(data: &Path, head: &Path) -> (Option<i32>, u64, String) {
    let mut command = doorstep(["verify", "--json", "--data"]);
    command.arg(data).arg("--head").arg(head);
    let ended = run(command);
    let json = ended.json();
    let count = |check: &str| json["checks"][check].as_u64().expect("a count");
    (ended.code, count("trees") + count("heads"), json["findings"].to_string())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("there is room");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the folder can be listed");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
    }
}

#[test]
fn an_older_copy_of_the_database_is_noticed_by_the_device_and_by_whoever_verifies() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    record(&laptop, "first");
    let (_, well) = server.stop();
    assert!(well);
    let (data, older) = (organisation.data(), organisation.folder().join("older"));
    copy(&data, &older);

    let port = laptop.dir.clone();
    let server = organisation.serve();
    let manager = organisation.laptop(&server, "S-102");
    record(&manager, "second, which will be gone");
    let (_, well) = server.stop();
    assert!(well, "{}", port.display());
    let head = kept(&organisation, &manager);
    let (code, findings, said) = verified(&data, &head);
    assert_eq!((code, findings), (Some(0), 0), "{said}");

    let (code, findings, said) = verified(&older, &head);
    assert_eq!((code, findings), (Some(1), 1), "{said}");
    assert!(said.contains("lines then and have"), "{said}");

    let changed = organisation.folder().join("changed");
    copy(&data, &changed);
    let conn = rusqlite::Connection::open(changed.join("doorstep.db")).expect("it opens");
    conn.execute_batch(
        "DROP TRIGGER access_log_is_not_changed;
         UPDATE access_log SET by_what = 'nothing' WHERE number = 1;",
    )
    .expect("the administrator of the machine can do that");
    drop(conn);
    let (code, findings, said) = verified(&changed, &head);
    assert_eq!((code, findings), (Some(1), 2), "{said}");
    assert!(said.contains("access log is not that of its lines"), "{said}");
}
