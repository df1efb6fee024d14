//! What is to be done with a notice, and what follows from what came of it. Pure: given the notice,
//! the ways and the instant, it answers the notice as it is to be written.

use chrono::{DateTime, TimeDelta, Utc};

use crate::notify::Outcome;
use crate::store::directory::Person;
use crate::store::notices::{Channel, Manner, Notice, NoticeState, Receiver};

/// The pauses between the tries of a webhook, as Standard Webhooks has them: a little over three
/// days together.
const WEBHOOK_PAUSES: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];
/// A provider is asked at least so long after it accepted a notice, or was asked before.
const LOOK_MIN: TimeDelta = TimeDelta::seconds(15);
/// And at most so long after.
const LOOK_MAX: TimeDelta = TimeDelta::minutes(30);
/// Providers try for 72 hours. Without a word some time after that, it counts as failed.
const WORD_WITHIN: TimeDelta = TimeDelta::hours(73);
/// The end of the doubling of pauses: 2 to the power of this is more than any longest pause.
const DOUBLINGS_MAX: u32 = 16;

/// How often a person's notice is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The pause after every way failed first; it doubles.
    pub first: TimeDelta,
    /// The longest pause.
    pub max: TimeDelta,
    /// After so many failures people see that it does not arrive.
    pub flag_after: u32,
}

/// The ways to reach a person, in the order in which they are tried: those that are set up, with an
/// address or a number for each.
pub fn route(ways: &[Channel], person: &Person, manner: Manner) -> Vec<Channel> {
    let has = |channel: &Channel| match channel {
        Channel::Email | Channel::NotifyEmail => person.email.is_some(),
        Channel::NotifySms => person.phone.as_ref().is_some_and(|phone| is_mobile(phone)),
        Channel::Webhook => false,
    };
    let mut route: Vec<_> = ways.iter().copied().filter(has).collect();
    if manner == Manner::Text {
        route.sort_by_key(|channel| *channel != Channel::NotifySms);
    }
    route
}

/// Whether text messages reach a number: a British mobile, or one abroad.
fn is_mobile(number: &str) -> bool {
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let british = digits.strip_prefix("+44").or_else(|| digits.strip_prefix('0'));
    british.map_or_else(|| digits.starts_with('+'), |rest| rest.starts_with('7'))
}

/// The way that is tried now; none: there is no way.
pub fn way(notice: &Notice, route: &[Channel]) -> Option<Channel> {
    match notice.receiver {
        Receiver::Webhook => Some(Channel::Webhook),
        Receiver::Person => route.get(place(notice.failures, route.len())).copied(),
    }
}

fn place(failures: u32, ways: usize) -> usize {
    usize::try_from(failures).unwrap_or(0) % ways.max(1)
}

/// The notice after `outcome` came of trying `channel`.
pub fn after(
    mut notice: Notice,
    channel: Channel,
    outcome: &Outcome,
    route: &[Channel],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Notice {
    match outcome {
        Outcome::Delivered => {
            notice.last_error = None;
            enter(notice, NoticeState::Delivered(channel), now)
        }
        Outcome::Accepted(provider_id) => {
            let (provider_id, next) = (provider_id.clone(), now + LOOK_MIN);
            enter(notice, NoticeState::Accepted { channel, provider_id, next }, now)
        }
        Outcome::Failed { why, after } => {
            notice.last_error = Some(why.clone());
            failed(notice, route, rules, *after, now)
        }
        Outcome::Refused(why) => {
            notice.last_error = Some(why.clone());
            notice.refused.push(channel);
            failed(notice, route, rules, None, now)
        }
    }
}

/// The notice where nobody can be reached by any way.
pub fn unreachable(mut notice: Notice, rules: &Rules, now: DateTime<Utc>) -> Notice {
    let why = "there is no e-mail address or mobile number to reach the person by";
    notice.last_error = Some(why.to_owned());
    failed(notice, &[], rules, None, now)
}

/// The notice after its provider was asked and does not know yet; none: it never will.
pub fn still_under_way(mut notice: Notice, now: DateTime<Utc>) -> Option<Notice> {
    let waited = now - notice.since;
    if waited > WORD_WITHIN {
        return None;
    }
    if let NoticeState::Accepted { next, .. } = &mut notice.state {
        *next = now + (waited / 2).clamp(LOOK_MIN, LOOK_MAX);
    }
    Some(notice)
}

/// The notice where nothing is to be told any more.
pub fn not_needed(notice: Notice, now: DateTime<Utc>) -> Notice {
    enter(notice, NoticeState::NotNeeded, now)
}

/// Whether people must see that it does not arrive.
pub fn is_flagged(notice: &Notice, rules: &Rules) -> bool {
    let waits = notice.state.next().is_some() || notice.state == NoticeState::GivenUp;
    waits && notice.receiver == Receiver::Person && notice.failures >= rules.flag_after
}

fn enter(mut notice: Notice, state: NoticeState, now: DateTime<Utc>) -> Notice {
    notice.state = state;
    notice.since = now;
    notice
}

/// The next way at once; once every way was tried, the first again after a pause.
fn failed(
    mut notice: Notice,
    route: &[Channel],
    rules: &Rules,
    after: Option<TimeDelta>,
    now: DateTime<Utc>,
) -> Notice {
    let after = after.unwrap_or_default();
    if notice.receiver == Receiver::Webhook {
        let tried = usize::try_from(notice.failures).unwrap_or(usize::MAX);
        notice.failures = notice.failures.saturating_add(1);
        let gone = notice.refused.contains(&Channel::Webhook);
        let pause = WEBHOOK_PAUSES.get(tried).filter(|_| !gone);
        let waiting = |pause: &TimeDelta| NoticeState::Waiting { next: now + after.max(*pause) };
        return enter(notice, pause.map_or(NoticeState::GivenUp, waiting), now);
    }
    let ways = u32::try_from(route.len().max(1)).unwrap_or(1);
    let rounds = notice.failures / ways;
    notice.failures = notice.failures.saturating_add(1);
    let pause = if route.iter().all(|way| notice.refused.contains(way)) {
        // Every way said never, or there is none: perhaps somebody puts the address right.
        notice.refused.clear();
        notice.failures = notice.failures.max(rules.flag_after).next_multiple_of(ways);
        rules.max.max(rules.first)
    } else {
        while route
            .get(place(notice.failures, route.len()))
            .is_some_and(|way| notice.refused.contains(way))
        {
            notice.failures = notice.failures.saturating_add(1);
        }
        match notice.failures / ways - rounds {
            0 => TimeDelta::zero(),
            _ => backoff(rules, notice.failures / ways).max(after),
        }
    };
    enter(notice, NoticeState::Waiting { next: now + pause }, now)
}

/// The pause after so many rounds: it doubles up to a limit.
fn backoff(rules: &Rules, rounds: u32) -> TimeDelta {
    let doublings = rounds.saturating_sub(1).min(DOUBLINGS_MAX);
    (rules.first * (1_i32 << doublings)).min(rules.max).max(rules.first)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use doorstep_core::event::Role;
    use doorstep_core::ids::{EscalationId, PersonId};

    use super::*;
    use crate::store::notices::Reason;
    use crate::testing::MONDAY;

    const RULES: Rules =
        Rules { first: TimeDelta::seconds(30), max: TimeDelta::hours(1), flag_after: 5 };

    fn notice(receiver: Receiver) -> Notice {
        Notice {
            key: "k".into(),
            escalation: EscalationId::at(MONDAY, [1; 10]),
            person: PersonId::at(MONDAY, [2; 10]),
            receiver,
            reason: Reason::Raised,
            digest: None,
            written: MONDAY,
            state: NoticeState::Waiting { next: MONDAY },
            since: MONDAY,
            failures: 0,
            refused: Vec::new(),
            last_error: None,
        }
    }

    fn person(email: bool, phone: Option<&str>) -> Person {
        Person {
            id: PersonId::at(MONDAY, [2; 10]),
            external: "p".into(),
            name: "Person".into(),
            role: Role::LineManager,
            also: BTreeSet::new(),
            administrator: false,
            auditor: false,
            team: None,
            email: email.then(|| "p@doorstep.example".into()),
            phone: phone.map(str::to_owned).map(Into::into),
            line_manager: None,
            left: None,
        }
    }

    /// Tries a notice by these outcomes; the ways tried, each with the pause after it in seconds.
    fn story(route: &[Channel], outcomes: &[Outcome]) -> Vec<(Channel, i64)> {
        let mut notice = notice(Receiver::Person);
        outcomes
            .iter()
            .map(|outcome| {
                let way = way(&notice, route).unwrap();
                notice = after(notice.clone(), way, outcome, route, &RULES, MONDAY);
                let next = notice.state.next().expect("never given up");
                (way, (next - MONDAY).num_seconds())
            })
            .collect()
    }

    #[test]
    fn the_next_way_is_tried_at_once_and_the_first_again_after_a_pause() {
        use Channel::{Email, NotifyEmail, NotifySms};
        let (no, never) = (Outcome::failed("no"), Outcome::Refused("never".into()));
        let twice = story(&[Email, NotifySms], &[no.clone(), no.clone(), no.clone(), no.clone()]);
        assert_eq!(twice, [(Email, 0), (NotifySms, 30), (Email, 0), (NotifySms, 60)]);
        let refused =
            story(&[Email, NotifyEmail, NotifySms], &[no.clone(), never.clone(), no.clone(), no]);
        assert_eq!(refused, [(Email, 0), (NotifyEmail, 0), (NotifySms, 30), (Email, 0)]);
        let all = story(&[Email, NotifySms], &[never.clone(), never.clone(), never]);
        assert_eq!(all, [(Email, 0), (NotifySms, 3600), (Email, 0)]);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<_> = story(&[Channel::Email], &vec![Outcome::failed("no"); 9])
            .into_iter()
            .map(|(_, pause)| pause)
            .collect();
        assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }

    #[test]
    fn a_webhook_is_tried_for_three_days_and_then_given_up() {
        let mut webhook = notice(Receiver::Webhook);
        let mut now = MONDAY;
        let mut tries = 0;
        while let Some(next) = webhook.state.next() {
            now = next;
            let no = Outcome::failed("no");
            webhook = after(webhook, Channel::Webhook, &no, &[], &RULES, now);
            tries += 1;
        }
        assert_eq!((tries, webhook.state), (10, NoticeState::GivenUp));
        assert_eq!((now - MONDAY).num_minutes(), 75 * 60 + 35);

        let gone = Outcome::Refused("410".into());
        let webhook = notice(Receiver::Webhook);
        let webhook = after(webhook, Channel::Webhook, &gone, &[], &RULES, now);
        assert_eq!(webhook.state, NoticeState::GivenUp);
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it() {
        let later = Outcome::Failed { why: "busy".into(), after: Some(TimeDelta::minutes(10)) };
        assert_eq!(story(&[Channel::Email], std::slice::from_ref(&later))[0].1, 600);
        let webhook = notice(Receiver::Webhook);
        let webhook = after(webhook, Channel::Webhook, &later, &[], &RULES, MONDAY);
        assert_eq!(webhook.state.next(), Some(MONDAY + TimeDelta::minutes(10)));
    }

    #[test]
    fn a_provider_is_asked_less_and_less_often_and_not_for_ever() {
        let accepted = Outcome::Accepted("id".into());
        let sms = [Channel::NotifySms];
        let mut sent = after(notice(Receiver::Person), sms[0], &accepted, &sms, &RULES, MONDAY);
        let mut asked = 0;
        while let Some(next) = sent.state.next() {
            let Some(later) = still_under_way(sent.clone(), next) else { break };
            sent = later;
            asked += 1;
        }
        assert!((100..250).contains(&asked), "asked {asked} times in three days");
    }

    #[test]
    fn a_route_is_what_is_set_up_and_has_an_address() {
        use Channel::{Email, NotifyEmail, NotifySms};
        let all = [Email, NotifyEmail, NotifySms];
        for (email, phone, manner, expected) in [
            (true, Some("07700 900000"), Manner::Email, &[Email, NotifyEmail, NotifySms][..]),
            (true, Some("+447700900000"), Manner::Text, &[NotifySms, Email, NotifyEmail]),
            (true, Some("01632 960000"), Manner::Text, &[Email, NotifyEmail]),
            (false, Some("+33 6 00 00 00 00"), Manner::Digest, &[NotifySms]),
            (false, None, Manner::Email, &[]),
        ] {
            assert_eq!(route(&all, &person(email, phone), manner), expected, "{phone:?}");
        }
    }

    #[test]
    fn whoever_cannot_be_reached_is_seen_at_once() {
        let stuck = unreachable(notice(Receiver::Person), &RULES, MONDAY);
        assert!(is_flagged(&stuck, &RULES));
        assert_eq!(stuck.state.next(), Some(MONDAY + TimeDelta::hours(1)));
    }
}
