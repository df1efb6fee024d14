//! The page that says that there was a store and is none any more, and what to do about it.

use doorstep_field_app::Answer;
use maud::{DOCTYPE, html};

use crate::session::START_AGAIN;

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The file.
    File,
    /// The file is there, and what the passphrase opens is not.
    Key,
    /// The file is there, and what the passphrase opened was destroyed on purpose.
    Destroyed,
}

/// The page. So many `copies` can be handed in.
pub(crate) fn page(loss: Loss, copies: u64) -> Answer {
    let title = match loss {
        Loss::Destroyed => "This device was wiped",
        Loss::File | Loss::Key => "The records of this device are missing",
    };
    let what = match loss {
        Loss::File => "This device was set up before, and its store is not there any more.",
        Loss::Key => {
            "There is a store on this device, but the key that your passphrase opens is not there \
             any more."
        }
        Loss::Destroyed => {
            "A wrong passphrase was given too often. What this device held of children can be read \
             by nobody any more."
        }
    };
    let unsent = match (loss, copies) {
        (_, 1..) => format!(
            "{copies} of the records that were not sent can still be handed in: that happens by \
             itself as soon as there is a connection. Leave this page open until it says 0."
        ),
        (Loss::Destroyed, 0) => "Every record made on it was handed in.".to_owned(),
        _ => "What was not sent yet cannot be read here any more. Nothing was deleted by the app."
            .to_owned(),
    };
    let page = html! {
        (DOCTYPE)
        html.govuk-template lang="en-GB" {
            head { title { (title) " – Doorstep" } }
            body.govuk-template__body {
                div id="app" {
                    div.govuk-width-container {
                        main.govuk-main-wrapper id="main-content" tabindex="-1" {
                            h1.govuk-heading-l tabindex="-1" { (title) }
                            div.govuk-inset-text role="alert" { (what) }
                            p.govuk-body {
                                "What was sent to the server is safe there. " (unsent)
                            }
                            ol."govuk-list govuk-list--number" {
                                li {
                                    "Write down now which visits you recorded since you last had "
                                    "signal."
                                }
                                li {
                                    "Tell your manager, who can see when this device last sent "
                                    "something."
                                }
                                li {
                                    "Set the device up again with a new code, and record those "
                                    "visits again."
                                }
                            }
                            form method="post" action=(START_AGAIN) {
                                button."govuk-button govuk-button--warning"
                                    data-module="govuk-button" {
                                    "I have told my manager: set this device up again"
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    let header = ("content-type".to_owned(), "text/html; charset=utf-8".to_owned());
    Answer { status: 200, headers: vec![header], body: page.into_string().into_bytes() }
}
