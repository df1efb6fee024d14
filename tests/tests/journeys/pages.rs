//! The practitioner's pages on a laptop: the same store, the same rules, behind a link that works
//! once.

use doorstep_tests::journey::{Browser, Laptop, Organisation, PASSPHRASE, Server, hidden_field};

const FIELDS: &str = "application/x-www-form-urlencoded";

/// A browser that followed the link.
fn opened(pages: &Server, link: &str) -> Browser {
    let mut browser = Browser::new(pages);
    assert_eq!(browser.get("/").status, 403, "without the link nobody gets in");
    assert_eq!(browser.get(link).status, 303);
    assert_eq!(Browser::new(pages).get(link).status, 403, "the link works once");
    browser
}

/// Sends a form; where it leads.
fn sent(browser: &mut Browser, path: &str, fields: &str) {
    let answered = browser.post(path, FIELDS, fields.as_bytes().to_vec());
    assert_eq!(answered.status, 303, "{path}: {}", answered.body);
}

#[test]
fn a_record_made_on_the_pages_while_the_server_is_down_is_in_the_store_and_reaches_the_server() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let (_, well) = server.stop();
    assert!(well);

    let (pages, link) = laptop.serve();
    let mut browser = opened(&pages, &link);
    let children = browser.get("/children?q=amber").body;
    let child = children.split("/child/").nth(1).expect("Amber is there");
    let child = child.split('"').next().unwrap().to_owned();
    let page = browser.get(&format!("/child/{child}")).body;
    assert!(page.contains("Carol Sampleford (mother)"), "{page}");
    let form = page.split("action=\"/record\"").nth(1).expect("a record can be begun");
    let id = hidden_field(form, "id").expect("the form has an id");
    sent(&mut browser, "/record", &format!("id={id}&child={child}"));
    let path = |page: &str| format!("/record/{id}/{page}");
    sent(&mut browser, &path("children"), &format!("child={child}"));
    sent(&mut browser, &path("result"), "result=doorstep");
    sent(&mut browser, &path("steps"), "step=family-phoned");
    sent(&mut browser, &path("concern"), "concern=some&note=%3Cb%3Enot+asked+in");
    sent(&mut browser, &path("save"), "");
    sent(&mut browser, &path("save"), "");
    let saved = browser.get(&path("saved")).body;
    assert!(saved.contains("Phone the line manager now"), "{saved}");
    assert!(saved.contains("tel:07700900102") && saved.contains("GA-6.1"), "{saved}");
    let row = browser.get("/records").body;
    assert!(row.contains("Only here"), "{row}");
    sent(&mut browser, "/lock", "");
    let location = browser.get("/records");
    assert_eq!(location.status, 303, "the pages are locked");
    let wrong = browser.post("/unlock", FIELDS, b"passphrase=not+this+one".to_vec());
    assert!(wrong.status == 422 && wrong.body.contains("There is a problem"), "{}", wrong.body);
    sent(&mut browser, "/unlock", &format!("passphrase={}", PASSPHRASE.replace(' ', "+")));
    assert!(browser.get("/records").body.contains("Only here"));
    let (said, well) = pages.stop();
    assert!(well && said.ends_with("Stopped.\n"), "{said}");

    assert_eq!(laptop.records().len(), 1, "a form that is sent twice is recorded once");
    assert_eq!(laptop.records()[0]["state"], "on-this-device");
    let server = organisation.serve();
    std::fs::write(laptop.dir.join("server.txt"), &server.url).unwrap();
    assert_eq!(laptop.device(["sync", "--json"]).well().json()["synced"]["sent"], 1);
}

#[test]
fn first_use_on_the_pages_makes_a_store_and_says_what_keeps_it_from_enrolling() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = Laptop { dir: organisation.folder().join("fresh") };
    let (pages, link) = laptop.serve();
    let mut browser = opened(&pages, &link);
    assert!(browser.get("/start").body.contains("Set up this device"));
    let form = |code: &str| {
        let passphrase = PASSPHRASE.replace(' ', "+");
        let url = server.url.replace(':', "%3A").replace('/', "%2F");
        format!("server={url}&code={code}&passphrase={passphrase}&again={passphrase}")
    };
    let refused = browser.post("/start", FIELDS, form("WRONG").into());
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("Finish setting up"), "{}", refused.body);
    let code = organisation.device_code("S-105");
    sent(&mut browser, "/enrol", &form(&code));
    assert_eq!(browser.get("/").status, 200);
    assert!(pages.stop().1);
    let _ = laptop.device(["sync"]).well();
    let status = laptop.device(["status", "--json"]).well().json();
    assert!(status["children"].as_u64().unwrap() > 0, "{status}");
}

#[test]
fn the_pages_are_for_this_machine_only() {
    let organisation = Organisation::with_sample_caseload();
    let laptop = Laptop { dir: organisation.folder().join("fresh") };
    let refused = laptop.device(["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("can be reached from other machines"), "{refused:#?}");
}
