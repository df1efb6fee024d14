//! A phone that was out of contact for long: nothing of a child is shown, and a visit can be
//! recorded all the same.

use crate::support::{Desk, Phone};
use doorstep_device_store::testing::card;

/// Minutes of the week after which the lease ends.
const WEEK: i64 = 7 * 24 * 60;

#[test]
fn after_a_week_without_contact_nothing_is_shown_and_everything_can_be_recorded() {
    let desk = Desk::at(3);
    let phone = Phone::holding(desk.clone(), vec![card(1), card(2)]);
    let of_child = format!("/child/{}", card(1).id);
    assert!(phone.get(&of_child).text.contains("1 Test Street"));
    desk.set(WEEK);
    for path in ["/", "/children", "/records", &of_child] {
        let shown = phone.get(path).text;
        assert!(shown.contains("Sync to see your children"), "{path}: {shown}");
        assert!(shown.contains("was last in contact on Monday 2 March 2026"), "{shown}");
        for hidden in ["Child 1", "Child 2", "Test Street"] {
            assert!(!shown.contains(hidden), "{hidden} on {path}");
        }
    }
    let id = phone.get("/").hidden("id");
    let wrong = phone.post("/record", &[("id", &id), ("name", "child")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("write the full name") && !wrong.text.contains("Child 1"));

    let begun = phone.post("/record", &[("id", &id), ("name", "child 1")]);
    assert_eq!(begun.location(), format!("/record/{id}"));
    let path = |page: &str| format!("/record/{id}/{page}");
    for (page, fields) in [
        ("result", &[("result", "no-response")][..]),
        ("steps", &[("step", "windows-checked")][..]),
        ("concern", &[("concern", "none")][..]),
    ] {
        let asked = phone.get(&path(page));
        assert_eq!(asked.status, 200, "{page}: {}", asked.text);
        for hidden in ["Child 2", "Test Street", "07700"] {
            assert!(!asked.text.contains(hidden), "{hidden} on {page}");
        }
        assert_eq!(phone.post(&path(page), fields).status, 303, "{page}");
    }
    let children = phone.get(&path("children"));
    assert!(children.text.contains("Child 1") && !children.text.contains("Child 2"));
    assert_eq!(phone.post(&path("save"), &[]).location(), path("saved"));
    let saved = phone.get(&path("saved")).text;
    assert!(saved.contains("shown after the next sync"), "{saved}");
    desk.set(4);
    let unsent = phone.app.with_store(|store| store.status().unwrap().on_this_device);
    assert_eq!(unsent, Some(1));
}
