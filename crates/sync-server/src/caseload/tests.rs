//! What reading and planning promise, as tables.

use super::*;

const TEAMS: &str = "team_id,name\nT-1,North\n";
const STAFF: &str = "staff_id,name,role,team_id,line_manager_id\n\
    S-1,Marion Placeholder,line-manager,T-1,\nS-2,Anna Walkabout,practitioner,T-1,S-1\n";
const CHILDREN: &str = "child_id,name,team_id,born,plans,involved_agencies\n\
    C-1,Amber Sampleford,T-1,2021-05-14,child-protection;early-help,school;police\n";
const ALLOCATIONS: &str = "child_id,staff_id,role\nC-1,S-2,practitioner\n";

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()
}

fn read_texts(texts: &[&str]) -> (Caseload, Vec<Fault>) {
    let files: Vec<_> =
        texts.iter().map(|text| File { name: "in.csv", bytes: text.as_bytes() }).collect();
    read(&files, today())
}

/// The faults of reading and planning these files into an empty store.
fn faults(texts: &[&str]) -> Vec<String> {
    let (caseload, mut faults) = read_texts(texts);
    faults.extend(plan(&Caseload::default(), &caseload).err().unwrap_or_default());
    faults.iter().map(Fault::to_string).collect()
}

#[test]
fn reads_rows_whatever_the_line_ends_and_the_mark() {
    let plain = read_texts(&[TEAMS, STAFF, CHILDREN, ALLOCATIONS]);
    assert_eq!(plain.1, []);
    let windows: Vec<_> = [TEAMS, STAFF, CHILDREN, ALLOCATIONS]
        .iter()
        .map(|text| format!("\u{feff}{}", text.replace('\n', "\r\n")))
        .collect();
    let windows: Vec<_> = windows.iter().map(String::as_str).collect();
    assert_eq!(read_texts(&windows), plain);
    let child = &plain.0.children[0].row;
    assert_eq!(child.record.plans.len(), 2);
    assert_eq!(child.record.involved_agencies.len(), 2);
}

#[test]
fn reads_quoted_cells_with_commas_marks_and_line_ends() {
    let text =
        "child_id,name,team_id,address\nC-1,\"Sam \"\"S\"\" Dummy\",T-1,\"1 A Street,\nB\"\n";
    let (caseload, faults) = read_texts(&[text]);
    assert_eq!(faults, []);
    let child = &caseload.children[0].row;
    assert_eq!(child.name, "Sam \"S\" Dummy");
    assert_eq!(child.address, Some("1 A Street,\nB".into()));
}

#[test]
fn counts_lines_as_an_editor_does() {
    let text = "team_id,name\r\n\r\nT-1,\"A\r\nB\"\r\nT-2,\r\n";
    let (caseload, found) = read_texts(&[text]);
    assert_eq!(caseload.teams[0].line, 3);
    assert_eq!(
        found[0].to_string(),
        "in.csv, line 5, column 2 (name): is empty; every row needs it"
    );
}

#[test]
fn names_every_fault_with_its_line_and_column() {
    let head = "child_id,name,team_id,born,plans,looked_after,visit_due_by,phone\n";
    for (row, expected) in [
        (
            "C-1,A,T-1,14/05/2021,,,,",
            "line 2, column 4 (born): \"14/05/2021\" is not written year first; did you mean \"2021-05-14\"?",
        ),
        (
            "C-1,A,T-1,soon,,,,",
            "line 2, column 4 (born): \"soon\" is not a date; write it as 2019-04-30",
        ),
        ("C-1,A,T-1,2031-01-01,,,,", "line 2, column 4 (born): 2031-01-01 is in the future"),
        (
            "C-1,A,T-1,,child protecton,,,",
            "line 2, column 5 (plans): \"child protecton\" is not known; did you mean \"child-protection\"?",
        ),
        (
            "C-1,A,T-1,,xyz,,,",
            "line 2, column 5 (plans): \"xyz\" is not one of early-help, child-in-need, child-protection",
        ),
        ("C-1,A,T-1,,,maybe,,", "line 2, column 6 (looked_after): \"maybe\" is neither yes nor no"),
        (
            "C-1,A,T-1,,,,2026-03-04 5pm,",
            "line 2, column 7 (visit_due_by): \"2026-03-04 5pm\" is not a time; write it as 2026-03-04 17:00",
        ),
        (
            "C-1,A,T-1,,,,,none",
            "line 2, column 8 (phone): \"none\" is not a phone number; write digits and spaces",
        ),
        (",A,T-1,,,,,", "line 2, column 1 (child_id): is empty; every row needs it"),
        (
            "C-1,A,T-1",
            "line 2, column 4 (born): has 3 cells where the header has 8; put quotation marks round a cell with a comma",
        ),
        (
            "C-1,1, A Street,T-1,,,,,",
            "line 2, column 9: has 9 cells where the header has 8; put quotation marks round a cell with a comma",
        ),
        ("C-1,\"A,T-1,,,,,", "line 2: a quotation mark here or above is never closed"),
        (
            "C-1,A,T-1,,,,,\nC-2,\"B,T-1,,,,,",
            "line 3: a quotation mark here or above is never closed",
        ),
        (
            "C-1,\"A,T-1,,,,,\nC-2,B,T-1,,,,,\n",
            "line 2: a quotation mark here or above is never closed",
        ),
        ("C-1,A\u{7},T-1,,,,,", "line 2, column 2 (name): holds a control character; remove it"),
    ] {
        let (_, found) = read_texts(&[&format!("{head}{row}\n")]);
        let found: Vec<_> = found.iter().map(Fault::to_string).collect();
        assert!(found.contains(&format!("in.csv, {expected}")), "{row}: {found:#?}");
    }
}

#[test]
fn reads_when_staff_work_and_refuses_what_is_no_time_of_work() {
    let head = "staff_id,name,role,working_hours\n";
    let office = format!("{head}S-9,A,social-worker,Mon-Fri 09:00-17:00\n");
    let (caseload, found) = read_texts(&[&office]);
    assert_eq!(found, []);
    let hours = caseload.staff[0].row.working_hours.as_ref().map(ToString::to_string);
    assert_eq!(hours.as_deref(), Some("Mon-Fri 09:00-17:00"));
    let (_, found) = read_texts(&[&format!("{head}S-9,A,social-worker,nine to five\n")]);
    let said = found[0].to_string();
    assert!(
        said.starts_with("in.csv, line 2, column 4 (working_hours): \"nine to five\": "),
        "{said}"
    );
}

#[test]
fn finds_all_faults_of_all_rows_at_once() {
    let text = "child_id,name,team_id,born,looked_after\nC-1,,T-9,x,y\nC-2,B,T-1,2020-01-01,z\n";
    let found = faults(&[TEAMS, text]);
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn refuses_a_header_that_it_does_not_know() {
    for (header, expected) in [
        ("", "line 1: the file is empty; its first line must be a header"),
        ("pupil,school", "line 1: the header names no kind of file"),
        ("childid,name,team", "did you mean \"child_id\"?"),
        (
            "child_id,name,team_id,adress",
            "line 1, column 4: a file of children has no column \"adress\"; did you mean \"address\"?",
        ),
        ("child_id,born", "line 1: the column \"name\" is missing"),
        ("team_id,name,name", "line 1, column 3: the column \"name\" is there twice"),
    ] {
        let found = faults(&[header]);
        assert!(found.iter().any(|fault| fault.contains(expected)), "{header}: {found:#?}");
    }
}

#[test]
fn refuses_rows_that_refer_to_nothing_twice_or_in_a_circle() {
    let staff = "staff_id,name,role,team_id,line_manager_id\n";
    for (texts, expected) in [
        (
            vec![STAFF],
            "line 2, column 4 (team_id): there is no team \"T-1\" here or in the other files",
        ),
        (
            vec![TEAMS, STAFF, CHILDREN, "child_id,staff_id,role\nC-1,S-22,practitioner\n"],
            "line 2, column 2 (staff_id): there is no member of staff \"S-22\" here or in the other files; did you mean \"S-2\"?",
        ),
        (vec![TEAMS, TEAMS], "line 2, column 1 (team_id): \"T-1\" is on line 2 of in.csv already"),
        (
            vec![
                TEAMS,
                &format!("{staff}S-1,A,line-manager,T-1,S-2\nS-2,B,team-manager,T-1,S-1\n"),
            ],
            "line 2, column 5 (line_manager_id): \"S-1\" would be above themselves",
        ),
    ] {
        let found = faults(&texts);
        assert!(found.iter().any(|fault| fault.contains(expected)), "{expected}: {found:#?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_named() {
    let file = File { name: "in.csv", bytes: b"team_id,name\nT-1,Caf\xe9\n" };
    let (_, found) = read(&[file], today());
    assert_eq!(
        found[0].to_string(),
        "in.csv, line 2, column 2 (name): is not UTF-8; save the file as \"CSV UTF-8\""
    );
}

#[test]
fn a_second_import_of_the_same_files_changes_nothing() {
    let (caseload, _) = read_texts(&[TEAMS, STAFF, CHILDREN, ALLOCATIONS]);
    let first = plan(&Caseload::default(), &caseload).unwrap();
    assert_eq!(first.tallies.map(|tally| tally.new), [1, 2, 1, 1]);
    let second = plan(&caseload, &caseload).unwrap();
    assert!(second.is_empty());
    assert_eq!(second.tallies.map(|tally| tally.same), [1, 2, 1, 1]);
}

#[test]
fn an_allocation_without_a_start_keeps_the_one_that_is_there() {
    let dated = "child_id,staff_id,role,from\nC-1,S-2,practitioner,2026-01-05\n";
    let (there, faults) = read_texts(&[TEAMS, STAFF, CHILDREN, dated]);
    assert_eq!(faults, []);
    assert_eq!(there.allocations[0].row.from, "2026-01-05T00:00:00Z".parse().ok());
    let (wanted, _) = read_texts(&[ALLOCATIONS]);
    assert_eq!(plan(&there, &wanted).unwrap().tallies[3].same, 1);
    let ended = "child_id,staff_id,role,until\nC-1,S-2,practitioner,2026-03-01\n";
    let (wanted, _) = read_texts(&[ended]);
    let plan = plan(&there, &wanted).unwrap();
    assert_eq!(plan.tallies[3].changed, 1);
    assert_eq!(plan.allocations[0].row().from, "2026-01-05T00:00:00Z".parse().ok());
}

#[test]
fn only_what_changed_is_written() {
    let (there, _) = read_texts(&[TEAMS, STAFF, CHILDREN, ALLOCATIONS]);
    let (wanted, _) = read_texts(&[&STAFF.replace("Anna", "Annabel"), ALLOCATIONS]);
    let plan = plan(&there, &wanted).unwrap();
    assert_eq!(plan.tallies[1], Tally { new: 0, changed: 1, same: 1 });
    assert!(matches!(&plan.staff[..], [Change::Changed(row)] if row.name == "Annabel Walkabout"));
}

#[test]
fn the_sample_caseload_is_without_fault() {
    let files = [
        File {
            name: "teams.csv",
            bytes: include_bytes!("../../../../docs/examples/caseload/teams.csv"),
        },
        File {
            name: "staff.csv",
            bytes: include_bytes!("../../../../docs/examples/caseload/staff.csv"),
        },
        File {
            name: "children.csv",
            bytes: include_bytes!("../../../../docs/examples/caseload/children.csv"),
        },
        File {
            name: "allocations.csv",
            bytes: include_bytes!("../../../../docs/examples/caseload/allocations.csv"),
        },
    ];
    let (caseload, faults) = read(&files, today());
    assert_eq!(faults, []);
    let plan = plan(&Caseload::default(), &caseload).unwrap();
    assert_eq!(plan.children.len(), 40);
    assert_eq!(plan.teams.len(), 2);
    assert_eq!(caseload.children.iter().filter(|at| at.row.address_protected).count(), 1);
}

#[test]
fn a_row_without_a_file_is_read_as_one_in_a_file() {
    let head = "staff_id,name,role,also,administrator,auditor,team_id,line_manager_id,phone,email,\
        left,working_hours\n";
    let rows = "S-9,\"O\u{2019}Neill, \"\"Ann\"\" =1+1\",team-manager,line-manager;safeguarding-lead,yes,no,\
        T-1,S-1,01632 960100,ann@ficton.example,2026-03-31,\"Mon-Fri 09:00-17:00, Sat 10:00-12:00\"\n\
        S-10,B,practitioner,,,,,,,,,\n";
    let (caseload, found) = read_texts(&[&format!("{head}{rows}")]);
    assert_eq!(found, []);
    for at in &caseload.staff {
        let (again, found) = read_one(Kind::Staff, &at.row.cells(), today());
        assert_eq!((&again.staff[0].row, &found[..]), (&at.row, &[][..]));
    }
    let wrong = [("staff_id", "S-9"), ("name", ""), ("role", "manger"), ("email", "ann")];
    let wrong = wrong.map(|(name, cell)| (name, cell.to_owned()));
    let (_, found) = read_one(Kind::Staff, &wrong, today());
    let text = wrong.each_ref().map(|(_, cell)| cell.as_str()).join(",");
    let (_, mut in_a_file) = read_texts(&[&format!("staff_id,name,role,email\n{text}\n")]);
    for fault in &mut in_a_file {
        (fault.file, fault.line) = ("the form".to_owned(), 1);
    }
    assert_eq!(found, in_a_file);
    assert_eq!(found.len(), 3);
}

#[test]
fn an_allocation_does_not_end_before_it_begins() {
    let text = "child_id,staff_id,role,from,until\nC-1,S-2,practitioner,2026-03-02,2026-03-02\n";
    let (_, found) = read_texts(&[text]);
    assert_eq!(found[0].to_string(), "in.csv, line 2, column 5 (until): is not after from");
}
