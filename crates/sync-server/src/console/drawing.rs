//! A child's timeline as a picture: failed contacts, when the child was seen, what was done about
//! it, how long records took to reach us, and limits. Everything in it stands in the list as well.

use chrono::{DateTime, Datelike as _, Days, NaiveTime, TimeDelta, Utc};
use doorstep_core::assessment::Duty;
use doorstep_core::event::What;
use doorstep_core::policy::CountedEpisode;
use doorstep_core::time::{local_date, london};
use maud::{Markup, html};

use super::gather::Recorded;
use super::text::text;
use super::{timeline, times};

const WIDTH: f64 = 980.0;
const HEIGHT: f64 = 232.0;
const LEFT: f64 = 140.0;
const RIGHT: f64 = 20.0;
/// Where each lane lies, from the top.
const LANES: [f64; 5] = [34.0, 72.0, 110.0, 148.0, 186.0];
const AXIS: f64 = 206.0;
/// Labels of time that have room.
const LABELS_MAX: i64 = 12;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// The child's records.
    pub records: &'a [Recorded],
    /// The child's episodes.
    pub episodes: &'a [CountedEpisode],
    /// The child's duties.
    pub duties: &'a [Duty],
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

/// The stretch of time that is drawn.
#[derive(Clone, Copy, Debug)]
struct Scale {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Scale {
    fn of(drawing: &Drawing<'_>) -> Option<Self> {
        let first = drawing.records.iter().map(|record| record.body.event.at).min()?;
        let owed = drawing.duties.iter().filter(|duty| duty.state.is_owed());
        let limits = owed.filter_map(|duty| duty.due.as_ref()).map(|due| due.at);
        let soon = drawing.now + TimeDelta::days(14);
        let last = limits.filter(|at| *at < soon).fold(drawing.now, DateTime::max);
        let room = (last - first).max(TimeDelta::days(1)) / 40;
        Some(Self { from: first - room, until: last + room })
    }

    fn x(self, at: DateTime<Utc>) -> String {
        let whole = as_seconds(self.until - self.from).max(1.0);
        let part = as_seconds(at.clamp(self.from, self.until) - self.from) / whole;
        number(LEFT + part * (WIDTH - LEFT - RIGHT))
    }

    /// Midnights to be named, no more than there is room for.
    fn labels(self) -> Vec<DateTime<Utc>> {
        let days = (self.until - self.from).num_days().max(1);
        let step = u64::try_from(days / LABELS_MAX + 1).unwrap_or(1);
        let first = local_date(self.from) + Days::new(1);
        let midnights = (0..).map(|count| london(first + Days::new(count * step), NaiveTime::MIN));
        midnights.take_while(|at| *at < self.until).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a picture needs no more than 52 bits of seconds")]
fn as_seconds(span: TimeDelta) -> f64 {
    span.num_seconds() as f64
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// The picture, which can be scrolled sideways where it is wider than the screen.
pub fn draw(drawing: &Drawing<'_>) -> Markup {
    let Some(scale) = Scale::of(drawing) else { return html! {} };
    html! {
        div.ds-scroll tabindex="0" role="region" aria-label=(text!("child-drawing-scroll")) {
            svg.ds-drawing viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                aria-label=(in_words(drawing, scale)) {
                (bands(drawing, scale))
                (axis(drawing, scale))
                @for record in drawing.records { (mark(record, drawing.records, scale)) }
                (limits(drawing, scale))
            }
        }
        p.ds-facts { (text!("child-drawing-key")) }
    }
}

fn in_words(drawing: &Drawing<'_>, scale: Scale) -> String {
    let count = |wanted: fn(&What) -> bool| {
        drawing.records.iter().filter(|record| wanted(&record.body.event.what)).count()
    };
    let late = drawing.records.iter().filter(|record| timeline::is_late(record)).count();
    text!(
        "child-drawing",
        from = times::day(scale.from),
        until = times::day(drawing.now),
        failed = count(|what| matches!(what, What::FailedContact(_))),
        seen = count(|what| matches!(what, What::ChildSeen(_))),
        late = late,
    )
}

/// The lane of a record; none for what is not drawn by itself.
const fn lane(what: &What) -> Option<f64> {
    match what {
        What::FailedContact(_) => Some(LANES[0]),
        What::ChildSeen(_) => Some(LANES[1]),
        What::Corrected(_) | What::Withdrawn(_) => None,
        _ => Some(LANES[2]),
    }
}

fn bands(drawing: &Drawing<'_>, scale: Scale) -> Markup {
    html! {
        @for episode in drawing.episodes {
            @let from = scale.x(episode.opened);
            @let until = episode.assured.map_or(drawing.now, |(at, _)| at);
            rect.ds-drawing__episode x=(from) y="12" height=(number(AXIS - 12.0))
                width=(width(scale, episode.opened, until)) {}
        }
    }
}

fn width(scale: Scale, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let parse = |text: String| text.parse::<f64>().unwrap_or(0.0);
    number((parse(scale.x(until)) - parse(scale.x(from))).max(2.0))
}

fn axis(drawing: &Drawing<'_>, scale: Scale) -> Markup {
    let names = [
        text!("child-drawing-failed"),
        text!("child-drawing-seen"),
        text!("child-drawing-done"),
        text!("child-drawing-arrived"),
        text!("child-drawing-limits"),
    ];
    let now = scale.x(drawing.now);
    html! {
        @for (y, name) in LANES.iter().zip(names) {
            line.ds-drawing__lane x1=(number(LEFT)) x2=(number(WIDTH)) y1=(number(*y))
                y2=(number(*y)) {}
            text.ds-drawing__name x="0" y=(number(y + 5.0)) { (name) }
        }
        @for at in scale.labels() {
            @let x = scale.x(at);
            line.ds-drawing__tick x1=(x) x2=(x) y1="12" y2=(number(AXIS)) {}
            text.ds-drawing__time x=(x) y=(number(AXIS + 18.0)) { (label(at)) }
        }
        line.ds-drawing__now x1=(now) x2=(now) y1="12" y2=(number(AXIS)) {}
        text.ds-drawing__time x=(now) y="9" { (text!("child-drawing-now")) }
    }
}

fn label(midnight: DateTime<Utc>) -> String {
    let day = local_date(midnight);
    let pattern = if day.ordinal() <= 14 { "%-d %b %y" } else { "%-d %b" };
    day.format(pattern).to_string()
}

fn mark(record: &Recorded, all: &[Recorded], scale: Scale) -> Markup {
    let event = &record.body.event;
    let Some(y) = lane(&event.what) else { return html! {} };
    let (x, y_text) = (scale.x(event.at), number(y));
    let corrected = timeline::corrections(all, event.id).next().is_some();
    let withdrawn = timeline::withdrawal(all, event.id).is_some();
    let class = match &event.what {
        What::FailedContact(_) => "ds-drawing__failed",
        What::ChildSeen(_) => "ds-drawing__seen",
        _ => "ds-drawing__done",
    };
    html! {
        @if timeline::is_late(record) {
            @let came = scale.x(record.received);
            path.ds-drawing__late d=(format!("M{x} {y_text} L{came} {}", number(LANES[3]))) {}
            circle.ds-drawing__came cx=(came) cy=(number(LANES[3])) r="5" {}
        }
        @match &event.what {
            What::ChildSeen(_) => {
                rect class=(class) x=(shifted(&x, -7.0)) y=(number(y - 7.0)) width="14"
                    height="14" {}
            }
            _ => circle class=(class) cx=(x) cy=(y_text) r="7" {},
        }
        @if corrected { circle.ds-drawing__corrected cx=(x) cy=(y_text) r="11" {} }
        @if withdrawn {
            path.ds-drawing__withdrawn d=(format!(
                "M{l} {t} L{r} {b} M{r} {t} L{l} {b}",
                l = shifted(&x, -10.0), r = shifted(&x, 10.0),
                t = number(y - 10.0), b = number(y + 10.0),
            )) {}
        }
    }
}

fn shifted(x: &str, by: f64) -> String {
    number(x.parse::<f64>().unwrap_or(0.0) + by)
}

/// Limits: what is over is filled, what is still to come is open, what was met is small.
fn limits(drawing: &Drawing<'_>, scale: Scale) -> Markup {
    let mut seen = Vec::new();
    let y = number(LANES[4]);
    for duty in drawing.duties {
        let Some(due) = &duty.due else { continue };
        let class = match duty.state.is_owed() {
            true if due.is_past(drawing.now) => "ds-drawing__limit ds-drawing__limit--over",
            true => "ds-drawing__limit",
            false => "ds-drawing__limit ds-drawing__limit--met",
        };
        if due.at <= scale.until && !seen.contains(&(due.at, class)) {
            seen.push((due.at, class));
        }
    }
    html! {
        @for (at, class) in seen {
            @let x = scale.x(at);
            path class=(class) d=(format!(
                "M{} {y} L{x} {} L{} {y} L{x} {} Z",
                shifted(&x, -7.0), number(LANES[4] - 8.0), shifted(&x, 7.0), number(LANES[4] + 8.0),
            )) {}
        }
    }
}
