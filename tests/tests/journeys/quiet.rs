//! Nothing that the server writes to its log, and no refusal, says who anybody is: a whole journey
//! at the most talkative level, looked through for every name, address, number and note in it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

use doorstep_sync_server::testing::receivers::{MailServer, Mood};
use doorstep_tests::journey::{
    Answered, Browser, Laptop, Organisation, hidden_field, sample_files,
};
use serde_json::Value;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const PASSWORD: &str = "a-long-pass-phrase";
/// Lines of the log that show that the journey got to what it was for.
const REACHED: [&str; 6] = [
    "\"request\"",
    "signed in",
    "a sign-in was refused",
    "a notice did not go out",
    "unusually many",
    "somebody was not told",
];
const NOTE: &str = "The grandmother Wilhelmina Confidential answered";
const REASON: &str = "The school phoned about Robin, ask Mrs Nobodyelse";

/// Everything in the caseload that says who somebody is or where, with the parts of names.
fn telling() -> Vec<String> {
    let mut found = Vec::new();
    for file in &sample_files()[1..3] {
        let text = fs::read_to_string(file).unwrap();
        let mut rows = text.lines();
        let header: Vec<_> = rows.next().unwrap().split(',').collect();
        for row in rows {
            for (column, cell) in header.iter().zip(cells(row)) {
                match *column {
                    "name" | "household" => {
                        found.extend(cell.split([' ', ';', '(', ')', '-']).map(str::to_owned));
                    }
                    "address" | "phone" | "email" | "born" => found.push(cell),
                    _ => {}
                }
            }
        }
    }
    found.extend([NOTE, REASON, PASSWORD, "Wilhelmina", "Nobodyelse"].map(str::to_owned));
    // Household roles and the shortest names are words that mean something else as well.
    found.retain(|words| {
        words.len() > 3 && !["mother", "father", "mother’s", "partner"].contains(&words.as_str())
    });
    found.sort_unstable();
    found.dedup();
    assert!(found.len() > 200, "{}", found.len());
    found
}

/// The cells of a row of CSV.
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for letter in row.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

fn what_tells(text: &str, telling: &[String]) -> Vec<String> {
    let lines = text.lines().filter_map(|line| {
        let found = telling.iter().find(|words| line.contains(words.as_str()));
        found.map(|words| format!("{words}: {line}"))
    });
    lines.collect()
}

fn child(organisation: &Organisation, external: &str) -> String {
    let children = organisation.admin(["list", "children", "--json"]).well().json();
    let found = children.as_array().unwrap().iter().find(|child| child["external"] == external);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The practitioner's part: records that raise something, and one with a letter.
fn at_the_doors(organisation: &Organisation, laptop: &Laptop) {
    let letter = organisation.folder().join("Letter about Amber Sampleford.pdf");
    fs::write(&letter, b"%PDF-1.4 a letter to Carol Sampleford, 4 Placeholder Lane").unwrap();
    let letter = letter.to_str().unwrap();
    for child in ["amber", "andrei"] {
        let _ = laptop.device(["record", "--child", child, "--form", "no-response"]).well();
    }
    let note = ["record", "--child", "amber", "further-attempt", "--note", NOTE];
    let _ = laptop.device(note).well();
    let attached = ["record", "--child", "amber", "--form", "no-response", "--attach", letter];
    let _ = laptop.device(attached).well();
    let _ = laptop.device(["sync"]).well();
}

/// The manager's part, with every page that names somebody.
fn at_the_desk(organisation: &Organisation, browser: &mut Browser) {
    let (own, foreign) = (child(organisation, "C-001"), child(organisation, "C-034"));
    let page = browser.get(&format!("/children/{own}"));
    assert!(page.body.contains("Amber Sampleford") && page.body.contains("Wilhelmina"));
    let csrf = hidden_field(&page.body, "csrf").unwrap();
    for path in ["/inbox?whose=team", "/team", "/devices", "/quarantine", "/access", "/access.csv"]
    {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
    assert_eq!(browser.get(&format!("/children/{own}/print")).status, 200);
    let raised = organisation.escalations("C-001")[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.get(&format!("/escalations/{raised}")).status, 200);
    let mut post = |path: &str, more: &str| {
        browser.post(path, FORM, format!("csrf={csrf}&{more}").into_bytes()).status
    };
    assert_eq!(post("/find", "sought=Robin+Undisclosed"), 200);
    let reason = REASON.replace(' ', "+");
    assert_eq!(post(&format!("/children/{foreign}/open"), &format!("reason={reason}")), 303);
    assert_eq!(post(&format!("/escalations/{raised}/acknowledge"), ""), 303);
    assert_eq!(browser.get(&format!("/children/{foreign}")).status, 200);
}

/// Everything that is refused, each with somebody's name in it; what was answered.
fn refused(browser: &mut Browser, token: &str) -> Vec<Answered> {
    let named = r#""Amber Sampleford, 4 Placeholder Lane, Ficton, QZ1 4KV""#;
    let bodies = [
        format!("{{{named}"),
        format!("{{{named}:{named}}}"),
        format!(r#"{{"protocol":1,"app":{named},"clock":{named}}}"#),
        format!(r#"{{"protocol":{named}}}"#),
        format!(r#"{{"code":{named},"public_key":{named},"device_name":{named},"app":{named}}}"#),
        named.to_owned(),
    ];
    let mut answers = Vec::new();
    for body in bodies {
        for path in ["/v1/sync", "/v1/enrol", "/v1/Amber%20Sampleford"] {
            answers.push(browser.post_as(token, path, JSON, body.clone().into_bytes()));
            answers.push(browser.post_as(
                "Amber.Sampleford",
                path,
                JSON,
                body.clone().into_bytes(),
            ));
        }
    }
    for path in [
        "/children/Amber%20Sampleford",
        "/find?sought=Amber%20Sampleford",
        "/access?who=Marion+Placeholder&child=Amber+Sampleford&from=2021-05-14",
        "/v1/attachments/Amber%20Sampleford",
        "/v1/dictionaries/Amber%20Sampleford",
        "/Amber%20Sampleford/07700%20900301",
    ] {
        answers.push(browser.get(path));
    }
    let csrf = "csrf=Amber+Sampleford&login=Amber+Sampleford&password=07700+900301";
    for path in ["/sign-in", "/find", "/children/Amber+Sampleford/open", "/account", "/team"] {
        answers.push(browser.post(path, FORM, csrf.as_bytes().to_vec()));
    }
    answers
}

#[test]
fn a_whole_journey_leaves_nobodys_name_in_the_log_and_in_no_refusal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mail = runtime.block_on(MailServer::start());
    // What it says to each recipient repeats the address.
    mail.be(Mood::Refuses(451));
    let organisation = Organisation::with_sample_caseload();
    organisation.account("S-102", "marion.placeholder", PASSWORD);
    let port = mail.port.to_string();
    let (server, log) = organisation.serve_talking(&[
        ("DOORSTEP_LOG", "trace"),
        ("DOORSTEP_SMTP_HOST", "127.0.0.1"),
        ("DOORSTEP_SMTP_PORT", &port),
        ("DOORSTEP_SMTP_SECURITY", "none"),
        ("DOORSTEP_SMTP_FROM", "Doorstep <doorstep@ficton.example>"),
        ("DOORSTEP_READS_ALARM", "1"),
    ]);
    let laptop = organisation.laptop(&server, "S-105");
    at_the_doors(&organisation, &laptop);
    let mut stranger = Browser::new(&server);
    let csrf = hidden_field(&stranger.get("/sign-in").body, "csrf").unwrap();
    let typed = format!("csrf={csrf}&login=Amber+Sampleford&password=07700+900301");
    assert_eq!(stranger.post("/sign-in", FORM, typed.into_bytes()).status, 422);
    let mut browser = Browser::new(&server).signed_in("marion.placeholder", PASSWORD);
    at_the_desk(&organisation, &mut browser);
    let answers = refused(&mut browser, "no.token");
    let (_, well) = server.stop();
    assert!(well);

    let telling = telling();
    let mut problems = 0;
    for answered in &answers {
        if answered.content_type != "application/problem+json" {
            continue;
        }
        problems += 1;
        let problem: Value = serde_json::from_str(&answered.body).unwrap();
        assert_eq!(what_tells(&problem.to_string(), &telling), [""; 0]);
    }
    assert!(problems > 20, "{problems}");
    let log = fs::read_to_string(log).unwrap();
    for line in REACHED {
        assert!(log.contains(line), "the journey did not get to: {line}");
    }
    let found = what_tells(&log, &telling);
    assert!(found.is_empty(), "{} of {} lines: {found:#?}", found.len(), log.lines().count());
}
