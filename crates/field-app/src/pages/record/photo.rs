//! A photograph of the card or letter that was left: kept with the form at once, named by the
//! record that comes of it.

use doorstep_core::attachment::{Attachment, Shows};
use doorstep_core::describe::sentence_case;
use doorstep_core::event::Step;
use doorstep_device_store::NewAttachment;
use maud::{Markup, html};

use super::super::{Asked, Outcome, Problem, Reply};
use super::form::{Ask, Visit};
use super::{ask, gone, id, load};
use crate::parts::{self, Faults};
use crate::text::text;

/// The field of the form.
const FIELD: &str = "photo";

/// What a form asks for and shows of photographs; nothing where nothing was left at the door.
pub fn block(
    asked: &Asked<'_>,
    id: &str,
    visit: &Visit,
    faults: &Faults,
) -> Result<Markup, Problem> {
    let kept = asked.store().draft_attachments(id)?;
    if !visit.left_something() && kept.is_empty() {
        return Ok(html! {});
    }
    let path = |rest: &str| asked.at(&format!("/record/{id}/{rest}"));
    Ok(html! {
        section.df-photo {
            h2.govuk-heading-m { (text!("photo-title")) }
            ul."govuk-list" {
                @for (place, one) in kept.iter().enumerate() {
                    li { (one_kept(one, place + 1, &path("photo/remove"))) }
                }
            }
            form method="post" action=(path(FIELD)) enctype="multipart/form-data" novalidate {
                div.govuk-form-group .govuk-form-group--error[faults.of(FIELD).is_some()] {
                    label.govuk-label for=(FIELD) { (text!("photo-label")) }
                    div.govuk-hint id=(format!("{FIELD}-hint")) { (text!("photo-hint")) }
                    (faults.message(FIELD))
                    input.govuk-file-upload type="file" id=(FIELD) name=(FIELD)
                        accept="image/jpeg,image/png,application/pdf" capture="environment"
                        aria-describedby=[faults.described_by(FIELD, true)];
                }
                button."govuk-button govuk-button--secondary" data-module="govuk-button"
                    data-prevent-double-click="true" { (text!("photo-add")) }
            }
        }
    })
}

fn one_kept(kept: &Attachment, number: usize, remove: &str) -> Markup {
    html! {
        form.df-photo__kept method="post" action=(remove) {
            span { (text!("photo-kept", number = number, what = kept.in_words())) }
            (parts::hidden("hash", &kept.hash.to_string()))
            button.df-photo__remove {
                (text!("photo-remove"))
                span.govuk-visually-hidden { " " (number) }
            }
        }
    }
}

/// `POST /record/{form}/photo`: keeps what was chosen with the form.
pub fn add(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.param("form"))?;
    let Some(visit) = load(asked, &id)? else { return gone(asked, &id) };
    let body = asked.body;
    let Some(mut file) = file_of(body, FIELD).filter(|file| !file.is_empty()) else {
        return refused(asked, &id, &visit, text!("photo-none"));
    };
    let letter = visit.steps.iter().flatten().any(|step| *step == Step::LetterLeft);
    let shows = if letter { Shows::Letter } else { Shows::Card };
    let mut new = NewAttachment { shows, source: &mut file };
    match asked.open.store.attach_to_draft(&id, &mut new, asked.now) {
        Ok(_) => Ok(Reply::Go(format!("/record/{id}/check"))),
        Err(error) => refused(asked, &id, &visit, sentence_case(&error.to_string())),
    }
}

fn refused(asked: &mut Asked<'_>, id: &str, visit: &Visit, words: String) -> Outcome {
    let faults = Faults::one(FIELD, words);
    Ok(Reply::Page(ask::page(asked, id, visit, Ask::Check, &faults)?.refused()))
}

/// `POST /record/{form}/photo/remove`: takes one away from the form.
pub fn remove(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.param("form"))?;
    let kept = asked.store().draft_attachments(&id)?;
    let named = kept.iter().find(|one| one.hash.to_string() == asked.form.get("hash"));
    let hash = named.ok_or(Problem::NotHere)?.hash;
    asked.open.store.detach_from_draft(&id, hash)?;
    Ok(Reply::Go(format!("/record/{id}/check")))
}

/// The bytes of the file in a form as browsers send it (RFC 7578).
fn file_of<'a>(body: &'a [u8], field: &str) -> Option<&'a [u8]> {
    let (boundary, mut rest) = split(body, b"\r\n")?;
    let boundary = [b"\r\n", boundary.strip_prefix(b"--").map(|_| boundary)?].concat();
    loop {
        let (head, after) = split(rest, b"\r\n\r\n")?;
        let (content, after) = split(after, &boundary)?;
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        if head.contains(&format!("name=\"{field}\"")) && head.contains("filename=") {
            return Some(content);
        }
        rest = after.strip_prefix(b"\r\n")?;
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..place], &bytes[place + at.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_file_among_the_fields() {
        let body = b"--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\na note\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
            Content-Type: image/jpeg\r\n\r\n\xff\xd8\r\n--xy\xff\r\n--xyz--\r\n";
        assert_eq!(file_of(body, "photo"), Some(b"\xff\xd8\r\n--xy\xff".as_slice()));
        assert_eq!(file_of(body, "note"), None);
        for broken in [&b""[..], b"--xyz", b"--xyz\r\n\r\n\r\n", b"a=b&c=d"] {
            assert_eq!(file_of(broken, "photo"), None);
        }
    }
}
