//! Charts drawn by the server: bars on weeks. The table behind each says the same in figures.

use maud::{Markup, html};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 28.0;
/// Colours that the stylesheet has; later series share the last.
const COLOURS: usize = 6;

/// A stack of bars for each label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// What the chart shows, in a sentence.
    pub title: String,
    /// What stands under each bar.
    pub labels: Vec<String>,
    /// Each series with its name: as many values as there are labels.
    pub series: Vec<(String, Vec<usize>)>,
}

impl Bars {
    fn total(&self, place: usize) -> usize {
        self.series.iter().map(|(_, values)| values.get(place).copied().unwrap_or(0)).sum()
    }

    /// Draws it, with its key where there is more than one series.
    pub fn draw(&self) -> Markup {
        let most = (0..self.labels.len()).map(|place| self.total(place)).max().unwrap_or(0);
        html! {
            @if self.series.len() > 1 { (self.key()) }
            div.ds-scroll tabindex="0" role="region" aria-label=(self.title) {
                svg.ds-chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                    aria-label=(self.title) {
                    @for place in 0..self.labels.len() { (self.stack(place, most)) }
                    line.ds-chart__axis x1="0" x2=(WIDTH) y1=(HEIGHT - BOTTOM)
                        y2=(HEIGHT - BOTTOM) {}
                }
            }
        }
    }

    fn key(&self) -> Markup {
        html! {
            ul.ds-key {
                @for (number, (name, _)) in self.series.iter().enumerate() {
                    li {
                        svg viewBox="0 0 14 14" aria-hidden="true" {
                            rect class=(class(number)) width="14" height="14" {}
                        }
                        (name)
                    }
                }
            }
        }
    }

    fn stack(&self, place: usize, most: usize) -> Markup {
        let slot = WIDTH / as_number(self.labels.len().max(1));
        let (x, wide) = (slot * (as_number(place) + 0.15), slot * 0.7);
        let unit = (HEIGHT - TOP - BOTTOM) / as_number(most.max(1));
        let total = self.total(place);
        let mut y = HEIGHT - BOTTOM;
        let mut bars = Vec::new();
        for (number, (_, values)) in self.series.iter().enumerate() {
            let high = unit * as_number(values.get(place).copied().unwrap_or(0));
            y -= high;
            if high > 0.0 {
                bars.push((class(number), y, high));
            }
        }
        let middle = format!("{:.1}", x + wide / 2.0);
        html! {
            @for (class, y, high) in bars {
                rect class=(class) x=(format!("{x:.1}")) y=(format!("{y:.1}"))
                    width=(format!("{wide:.1}")) height=(format!("{high:.1}")) {}
            }
            @if total > 0 {
                text.ds-chart__figure x=(middle) y=(format!("{:.1}", y - 5.0)) { (total) }
            }
            text.ds-chart__label x=(middle) y=(HEIGHT - 8.0) { (self.labels[place]) }
        }
    }
}

fn class(number: usize) -> String {
    format!("ds-chart__bar--{}", number.min(COLOURS - 1))
}

#[expect(clippy::cast_precision_loss, reason = "a picture needs no more than 52 bits of a count")]
fn as_number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_figures_and_the_highest_fills_the_chart() {
        let bars = Bars {
            title: "Contacts".to_owned(),
            labels: vec!["2 Mar".to_owned(), "9 Mar".to_owned()],
            series: vec![("Seen".to_owned(), vec![3, 1]), ("Not".to_owned(), vec![1, 0])],
        };
        let drawn = bars.draw().into_string();
        let heights: Vec<_> = drawn
            .split("height=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok())
            .filter(|high| *high > 14.0)
            .collect();
        assert_eq!(heights, [157.5, 52.5, 52.5], "{drawn}");
        assert!(drawn.contains(">4<") && drawn.contains("2 Mar"));
    }
}
