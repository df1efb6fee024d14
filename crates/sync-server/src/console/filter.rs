//! What the inbox shows, as it stands in the URL.

use doorstep_core::assessment::Urgency;
use serde::Deserialize;

/// Whose escalations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// Those addressed to the person who looks.
    #[default]
    Mine,
    /// Those of their team.
    Team,
    /// Those that they were told of in somebody else's place.
    Covered,
}

/// Which of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Show {
    /// Those that somebody still has something to do with.
    #[default]
    Open,
    /// Those that were met and acknowledged, or stood down.
    Closed,
    /// All.
    All,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Whose.
    pub whose: Whose,
    /// Which.
    pub show: Show,
    /// How urgent; none: any.
    pub urgency: Option<Urgency>,
    /// The page, from 1.
    pub page: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self::new(Whose::Mine, Show::Open)
    }
}

impl Filter {
    /// The first page of these.
    pub const fn new(whose: Whose, show: Show) -> Self {
        Self { whose, show, urgency: None, page: 1 }
    }

    /// The same of this urgency, from the first page.
    pub const fn with_urgency(self, urgency: Option<Urgency>) -> Self {
        Self { urgency, page: 1, ..self }
    }

    /// The path of the page that this is.
    pub fn path(self) -> String {
        format!("/inbox{}", self.query(self.page))
    }

    /// The query for the URL; what is the default is left out.
    pub fn query(self, page: usize) -> String {
        let mut pairs = self.pairs();
        if page > 1 {
            pairs.push(format!("page={page}"));
        }
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// The path up to where the page's number goes.
    pub fn path_before_page(self) -> String {
        let mut pairs = self.pairs();
        pairs.push("page=".to_owned());
        format!("/inbox?{}", pairs.join("&"))
    }

    fn pairs(self) -> Vec<String> {
        let whose = match self.whose {
            Whose::Mine => None,
            Whose::Team => Some("whose=team".to_owned()),
            Whose::Covered => Some("whose=covered".to_owned()),
        };
        let show = match self.show {
            Show::Open => None,
            Show::Closed => Some("show=closed".to_owned()),
            Show::All => Some("show=all".to_owned()),
        };
        let urgency = self.urgency.map(|urgency| format!("urgency={urgency}"));
        whose.into_iter().chain(show).chain(urgency).collect()
    }
}
