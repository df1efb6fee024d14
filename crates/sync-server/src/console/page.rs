//! The layout that every page of the console shares.

use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::text::text;
use super::viewer::Viewer;

/// Where in the console a page belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The inbox and its escalations.
    Inbox,
    /// Who of the team is there, and what is planned today.
    Team,
    /// Records that were set aside.
    Quarantine,
    /// The team's devices.
    Devices,
    /// How many, how long, how late.
    Numbers,
    /// Who looked at what.
    Access,
    /// What became of notices, and how one is told.
    Notices,
    /// The policies in force.
    Policy,
    /// People, teams, import: for administrators.
    SetUp,
    /// None of these.
    Elsewhere,
}

/// The person signed in, with the token that every form of theirs carries.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Who.
    pub viewer: &'a Viewer,
    /// The token of their forms.
    pub csrf: &'a str,
}

/// A page before it is drawn.
#[derive(Debug)]
pub struct Page<'a> {
    /// The title, most particular first.
    pub title: String,
    /// Its section.
    pub section: Section,
    /// Who is signed in, if anybody.
    pub signed: Option<Signed<'a>>,
    /// The page above it: its path and name.
    pub back: Option<(&'a str, &'a str)>,
    /// Its content.
    pub content: Markup,
}

impl Page<'_> {
    /// Draws it.
    pub fn draw(&self) -> Markup {
        html! {
            (DOCTYPE)
            html.govuk-template lang="en-GB" {
                head {
                    meta charset="utf-8";
                    title { (self.title) " – " (text!("page-product")) }
                    meta name="viewport"
                        content="width=device-width, initial-scale=1, viewport-fit=cover";
                    meta name="theme-color" content="#0b4f4c";
                    meta name="robots" content="noindex, nofollow";
                    link rel="icon" type="image/svg+xml" href=(assets::path("mark.svg"));
                    link rel="stylesheet" href=(assets::path("console.css"));
                    script type="module" src=(assets::path("console.js")) {}
                }
                body.govuk-template__body {
                    a.govuk-skip-link href="#main-content" data-module="govuk-skip-link" {
                        (text!("page-skip-main-content"))
                    }
                    (self.masthead())
                    @if self.signed.is_some() { (self.navigation()) }
                    div.govuk-width-container {
                        @if let Some((path, name)) = self.back {
                            nav aria-label=(text!("page-back")) {
                                a.govuk-back-link href=(path) { (name) }
                            }
                        }
                        main.govuk-main-wrapper #main-content tabindex="-1" { (self.content) }
                    }
                    (footer())
                }
            }
        }
    }

    fn masthead(&self) -> Markup {
        html! {
            header.ds-masthead {
                div."govuk-width-container ds-masthead__inner" {
                    div {
                        a.ds-masthead__home href="/" {
                            img.ds-masthead__mark src=(assets::path("mark.svg")) alt="" width="28"
                                height="28";
                            (text!("page-product"))
                        }
                        @if let Some(signed) = self.signed {
                            p.ds-masthead__organisation { (signed.viewer.organisation) }
                        }
                    }
                    @if let Some(signed) = self.signed {
                        div.ds-masthead__person {
                            a.govuk-link href="/account" { (signed.viewer.name) }
                            form method="post" action="/sign-out" {
                                (csrf_field(signed.csrf))
                                button.ds-link-button { (text!("page-sign-out")) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn navigation(&self) -> Markup {
        let administers = self.signed.is_some_and(|signed| signed.viewer.administrator);
        let set_up = administers.then_some((Section::SetUp, "/set-up", text!("page-set-up")));
        let items = [
            (Section::Inbox, "/inbox", text!("page-inbox")),
            (Section::Team, "/team", text!("page-team")),
            (Section::Quarantine, "/quarantine", text!("page-quarantine")),
            (Section::Devices, "/devices", text!("page-devices")),
            (Section::Numbers, "/numbers", text!("page-numbers")),
            (Section::Notices, "/notices", text!("page-notices")),
            (Section::Access, "/access", text!("page-access")),
            (Section::Policy, "/policy", text!("page-policy")),
        ];
        html! {
            div.govuk-service-navigation data-module="govuk-service-navigation" {
                div.govuk-width-container {
                    div.govuk-service-navigation__container {
                        nav.govuk-service-navigation__wrapper aria-label=(text!("page-console")) {
                            ul.govuk-service-navigation__list {
                                @for (section, path, name) in items.into_iter().chain(set_up) {
                                    (navigation_item(section == self.section, path, &name))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn navigation_item(active: bool, path: &str, name: &str) -> Markup {
    html! {
        li.govuk-service-navigation__item .govuk-service-navigation__item--active[active] {
            a.govuk-service-navigation__link href=(path) aria-current=[active.then_some("true")] {
                @if active {
                    strong.govuk-service-navigation__active-fallback { (name) }
                } @else {
                    (name)
                }
            }
        }
    }
}

fn footer() -> Markup {
    html! {
        footer.ds-footer {
            div.govuk-width-container {
                p {
                    (text!("page-failed-contact-does-not"))
                }
            }
        }
    }
}

/// A page's title, which says first where something on it has to be mended.
pub fn title(words: String, is_wrong: bool) -> String {
    if is_wrong { text!("page-error", title = words) } else { words }
}

/// The hidden field that proves that a form came from this session.
pub fn csrf_field(csrf: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(csrf); }
}
