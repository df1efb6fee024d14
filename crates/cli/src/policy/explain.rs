//! `doorstep policy explain`: why a scenario's duties stand where they stand.

use std::path::Path;

use chrono::{DateTime, Utc};
use doorstep_core::ids::EventId;
use doorstep_core::policy::scenario::Scenario;
use doorstep_core::policy::{Policy, Source, TimeSource};
use doorstep_core::time::in_words;

use super::files;
use crate::failure::{Failure, Outcome};
use crate::out::Out;

/// A scenario's events, by their short names; its times are what it states.
struct Named<'a>(&'a Scenario);

impl Source for Named<'_> {
    fn name(&self, event: EventId) -> Option<String> {
        Some(self.0.name(event).to_owned())
    }

    fn time(&self, _: EventId) -> TimeSource {
        TimeSource::Stated
    }
}

/// Explains a scenario at an instant.
pub fn run(
    file: &Path,
    as_of: Option<DateTime<Utc>>,
    policy: &Policy,
    json: bool,
    out: &mut Out,
) -> Outcome {
    let scenario = files::scenario(file)?;
    let looked_at = scenario.expectations.iter().map(|expect| expect.as_of).max();
    let last_event = scenario.events.iter().map(|event| event.at).max();
    let as_of = as_of.or(looked_at).or(last_event).ok_or_else(|| {
        Failure::Misused("the scenario names no instant: give one with --as-of".to_owned())
    })?;
    let policy = scenario.policy(policy).map_err(|pack| {
        Failure::Misused(format!("{}: there is no pack \"{pack}\"", file.display()))
    })?;
    let assessment = scenario.assess(&policy, as_of);
    let account = policy.explain(&assessment, &scenario.events, &Named(&scenario));
    if json {
        return out.json(&account);
    }
    out.heading(&scenario.title)?;
    out.line(format!("as of {}", in_words(as_of)))?;
    out.gap()?;
    for line in account.to_string().lines() {
        out.line(line)?;
    }
    Ok(())
}
