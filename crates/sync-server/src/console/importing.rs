//! `/set-up/import`: CSV files of teams, staff, children and allocations. Every fault of every row
//! is said, and while there is one nothing is changed.

use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use doorstep_core::time::local_date;
use maud::{Markup, html};

use super::page::{Page, Section, csrf_field};
use super::parts;
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use crate::admin::AdminError;
use crate::admin::import::{apply, planned};
use crate::app::AppState;
use crate::caseload::{self, Fault, File, Kind, Tally};
use crate::store::{StoreError, Tx};

/// Where it is.
pub const PATH: &str = "/set-up/import";
/// Bytes of all files of one import here; larger ones are imported with the command.
pub const IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Files of one import.
const FILES_MAX: usize = 8;
/// Faults that are shown; how many more there are is said.
const FAULTS_MAX: usize = 200;

/// What was sent.
#[derive(Debug, Default)]
struct Sent {
    csrf: String,
    /// Only say what would happen.
    is_trial: bool,
    files: Vec<(String, Vec<u8>)>,
}

/// What is said about an import.
#[derive(Debug)]
enum Said {
    Nothing,
    NoFile,
    TooLarge,
    Faults(Vec<Fault>),
    Tallies { tallies: [Tally; 4], is_trial: bool },
}

/// `GET /set-up/import`.
pub async fn show(State(_): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, draw(&signed, &Said::Nothing))
}

/// `POST /set-up/import`.
pub async fn submit(State(state): State<AppState>, signed: SignedIn, form: Multipart) -> Response {
    problem::or_page(&signed, import(&state, &signed, form).await)
}

async fn import(state: &AppState, signed: &SignedIn, form: Multipart) -> Result<Response, Refusal> {
    if !signed.viewer.administrator {
        return Err(Refusal::NotFound);
    }
    let Some(sent) = read(form).await else { return draw(signed, &Said::TooLarge) };
    signed.check(&sent.csrf)?;
    if sent.files.is_empty() {
        return draw(signed, &Said::NoFile);
    }
    let judge = state.judge();
    let work = move |tx: &mut dyn Tx| {
        let files: Vec<_> = sent.files.iter().map(|(name, bytes)| File { name, bytes }).collect();
        let now = judge.now();
        let read = caseload::read(&files, local_date(now));
        match planned(tx, read, now)? {
            Err(faults) => Ok(Said::Faults(faults)),
            Ok(plan) => {
                if !sent.is_trial && !plan.is_empty() {
                    apply(tx, &plan, &judge)?;
                }
                Ok(Said::Tallies { tallies: plan.tallies, is_trial: sent.is_trial })
            }
        }
    };
    let said = state.db.write::<_, AdminError>(work).await.map_err(refusal)?;
    if let Said::Tallies { tallies, is_trial: false } = &said {
        let written: usize = tallies.iter().map(|tally| tally.new + tally.changed).sum();
        tracing::info!(by = %signed.viewer.person, written, "files were imported");
        state.signals.events_came();
        state.signals.ledger_changed();
    }
    draw(signed, &said)
}

/// What an administrator's request comes to that should not have been refused any more.
pub fn refusal(error: AdminError) -> Refusal {
    match error {
        AdminError::Store(error) => error.into(),
        other => {
            let source = Box::new(other);
            StoreError::Query { operation: "import what the files say", source }.into()
        }
    }
}

/// Reads the fields and files; none where there is more than an import may hold.
async fn read(mut form: Multipart) -> Option<Sent> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.ok()?;
        match name.as_str() {
            "csrf" => sent.csrf = String::from_utf8_lossy(&bytes).into_owned(),
            "trial" => sent.is_trial = true,
            "files" if !bytes.is_empty() => sent.files.push((file, bytes.to_vec())),
            _ => {}
        }
        if sent.files.len() > FILES_MAX {
            return None;
        }
    }
    Some(sent)
}

fn draw(signed: &SignedIn, said: &Said) -> Result<Response, Refusal> {
    if !signed.viewer.administrator {
        return Err(Refusal::NotFound);
    }
    let is_fault = matches!(said, Said::NoFile | Said::TooLarge | Said::Faults(_));
    let page = Page {
        title: super::page::title(text!("import-title"), is_fault),
        section: Section::SetUp,
        signed: Some(signed.signed()),
        back: Some(("/set-up", &text!("import-back"))),
        content: content(signed, said),
    };
    let status = if is_fault { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, page.draw()).into_response())
}

fn content(signed: &SignedIn, said: &Said) -> Markup {
    let fault = match said {
        Said::NoFile => Some(text!("import-no-file")),
        Said::TooLarge => Some(text!(
            "import-too-large",
            most = IMPORT_BYTES_MAX / 1024 / 1024,
            files = FILES_MAX
        )),
        Said::Faults(faults) => Some(text!("import-faults", count = faults.len())),
        Said::Nothing | Said::Tallies { .. } => None,
    };
    let listed: Vec<_> = fault.iter().map(|words| ("files", words.as_str())).collect();
    html! {
        (parts::error_summary(&listed))
        @if let Said::Tallies { tallies, is_trial } = said { (done(tallies, *is_trial)) }
        h1.govuk-heading-l { (text!("import-title")) }
        p.govuk-body { (text!("import-intro")) }
        @if let Said::Faults(faults) = said { (fault_table(faults)) }
        form method="post" action="/set-up/import" enctype="multipart/form-data" {
            (csrf_field(&signed.csrf))
            div.govuk-form-group .govuk-form-group--error[fault.is_some()] {
                label."govuk-label govuk-label--s" for="files" { (text!("import-files")) }
                div.govuk-hint #files-hint { (text!("import-files-hint")) }
                input.ds-file #files name="files" type="file" accept=".csv,text/csv" multiple
                    aria-describedby="files-hint";
            }
            button."govuk-button govuk-button--secondary" name="trial" value="yes"
                data-module="govuk-button" { (text!("import-check")) }
            " "
            button.govuk-button data-module="govuk-button" data-prevent-double-click="true" {
                (text!("import-do"))
            }
        }
    }
}

fn done(tallies: &[Tally; 4], is_trial: bool) -> Markup {
    let lines = Kind::ALL.iter().zip(tallies).map(|(kind, tally)| {
        let (new, changed, same) = (tally.new, tally.changed, tally.same);
        text!("import-tally", kind = kind.as_str(), new = new, changed = changed, same = same)
    });
    parts::done_banner(&html! {
        p.govuk-notification-banner__heading {
            @if is_trial { (text!("import-checked")) } @else { (text!("import-done")) }
        }
        ul."govuk-list govuk-list--bullet" { @for line in lines { li { (line) } } }
    })
}

fn fault_table(faults: &[Fault]) -> Markup {
    let columns =
        ["import-file", "import-line", "import-column", "import-what"].map(|key| text!(key));
    let rows: Vec<_> = faults
        .iter()
        .take(FAULTS_MAX)
        .map(|fault| {
            vec![
                html! { (fault.file) },
                html! { (fault.line) },
                html! { (fault.name.as_deref().unwrap_or("–")) },
                html! { (fault.what) },
            ]
        })
        .collect();
    let more = faults.len().saturating_sub(FAULTS_MAX);
    let (caption, columns) = (text!("import-fault-caption"), columns.each_ref());
    html! {
        (parts::table(&caption, &columns.map(String::as_str), &rows))
        @if more > 0 { p.govuk-body { (text!("import-more", count = more)) } }
    }
}
