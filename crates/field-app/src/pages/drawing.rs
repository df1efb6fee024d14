//! A child's history, drawn small: a year in a line, with the same in words for who cannot see it.

use chrono::{DateTime, Datelike as _, Months, TimeDelta, Utc};
use doorstep_core::describe::times;
use doorstep_core::event::What;
use doorstep_core::history::History;
use doorstep_core::time::local_date;
use maud::{Markup, html};

use crate::text::text;

/// How far back the line goes.
const SPAN: TimeDelta = TimeDelta::days(365);
/// The drawing's width and height, in its own units.
const WIDTH: i64 = 340;
const HEIGHT: i64 = 44;
/// Where the line begins and ends.
const EDGE: i64 = 8;
/// The height of the line.
const LINE: i64 = 20;

/// Draws a history.
pub fn history(history: &History<'_>, now: DateTime<Utc>) -> Markup {
    let failed: Vec<_> = history.contacts.iter().map(|contact| contact.at).collect();
    let seen: Vec<_> = history
        .events
        .iter()
        .filter(|event| matches!(&event.what, What::ChildSeen(seen) if !seen.from_distance))
        .map(|event| event.at)
        .collect();
    if failed.is_empty() && seen.is_empty() {
        return html! { p.govuk-body { (text!("drawing-nothing")) } };
    }
    let words = in_words(&failed, &seen, now);
    let recent = |at: &&DateTime<Utc>| **at >= now - SPAN && **at <= now;
    html! {
        figure.df-drawing {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(words) {
                line.df-drawing__line x1=(EDGE) x2=(WIDTH - EDGE) y1=(LINE) y2=(LINE) {}
                @for (x, name) in months(now) {
                    line.df-drawing__tick x1=(x) x2=(x) y1=(LINE) y2=(LINE + 5) {}
                    text.df-drawing__month x=(x) y=(HEIGHT - 6) text-anchor="middle" { (name) }
                }
                @for at in seen.iter().filter(recent) {
                    circle.df-drawing__seen cx=(place(*at, now)) cy=(LINE) r="5" {}
                }
                @for at in failed.iter().filter(recent) {
                    @let x = place(*at, now);
                    path.df-drawing__failed
                        d=(format!("M{} {}l10 10m0-10l-10 10", x - 5, LINE - 5)) {}
                }
            }
            figcaption.df-small { (words) }
        }
    }
}

fn in_words(failed: &[DateTime<Utc>], seen: &[DateTime<Utc>], now: DateTime<Utc>) -> String {
    let within = failed.iter().filter(|at| **at >= now - SPAN && **at <= now).count();
    let failed = text!("drawing-failed", count = within);
    let Some(at) = seen.iter().filter(|at| **at <= now).max() else {
        return text!("drawing-not-seen", failed = failed);
    };
    text!("drawing-seen", failed = failed, at = times::short(*at, now))
}

/// Where an instant stands on the line.
fn place(at: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    let past = (now - at).num_minutes().clamp(0, SPAN.num_minutes());
    WIDTH - EDGE - past * (WIDTH - 2 * EDGE) / SPAN.num_minutes()
}

/// The beginnings of every third month, and their names.
fn months(now: DateTime<Utc>) -> Vec<(i64, String)> {
    let first = local_date(now).with_day(1).unwrap_or_default();
    (0..12)
        .filter_map(|back| first.checked_sub_months(Months::new(back)))
        .filter(|day| day.month() % 3 == 1)
        .map(|day| {
            let at = doorstep_core::time::london(day, chrono::NaiveTime::MIN);
            (place(at, now), day.format("%b").to_string())
        })
        .filter(|(x, _)| (EDGE + 8..WIDTH - EDGE - 8).contains(x))
        .collect()
}
