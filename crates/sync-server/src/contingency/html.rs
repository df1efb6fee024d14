//! The page to print: complete in itself, without scripts or files beside it.

use chrono::SecondsFormat;
use doorstep_core::describe::times;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Contingency, Sheet};

/// Large enough to read on paper, and each list on a page of its own.
const STYLE: &str = "\
    body{font:14px/1.4 Arial,Helvetica,sans-serif;color:#0b0c0c;margin:24px}\
    h1{font-size:24px;margin:0 0 4px}h2{font-size:19px;margin:24px 0 4px}p{margin:0 0 12px}\
    .scroll{overflow-x:auto}\
    table{border-collapse:collapse;width:100%}\
    th,td{text-align:left;vertical-align:top;border-bottom:1px solid #b1b4b6;padding:4px 8px 4px 0}\
    thead th{border-bottom:2px solid #0b0c0c}\
    @page{size:A4 landscape;margin:12mm}\
    @media print{body{margin:0;font-size:10pt}section+section{break-before:page}\
    thead{display:table-header-group}tr{break-inside:avoid}.scroll{overflow:visible}}";

/// Draws it.
pub fn page(contingency: &Contingency) -> Markup {
    let made = contingency.made;
    let machine = made.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { "Duty list of " (contingency.organisation) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Duty list of " (contingency.organisation) }
                    p {
                        "As of " time datetime=(machine) { (times::short(made, made)) }
                        ". Confidential: it names children. Destroy it when the next is printed. "
                        "Protected addresses are left out on purpose; the team manager knows them."
                    }
                }
                main { @for sheet in &contingency.sheets { (list(sheet)) } }
            }
        }
    }
}

fn list(sheet: &Sheet) -> Markup {
    let heading = format!("list-{}", sheet.name);
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) { (sheet.title) " (" (sheet.rows.len()) ")" }
            p { (sheet.hint) }
            @if sheet.rows.is_empty() {
                p { strong { "None." } }
            } @else {
                div.scroll tabindex="0" role="region" aria-labelledby=(heading) {
                    table {
                        thead { tr { @for name in sheet.head { th scope="col" { (name) } } } }
                        tbody {
                            @for row in &sheet.rows {
                                tr { @for cell in row { td { (cell) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}
