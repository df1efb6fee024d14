//! Notices, their attempts, and how people want to be told, on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::{EscalationId, PersonId};
use rusqlite::types::Type;
use rusqlite::{Row, named_params, params};

use super::SqliteTx;
use super::values::{
    instant, instant_option, json, ms, ms_option, number, parsed, parsed_option, signed,
    text_option, to_json,
};
use crate::store::StoreError;
use crate::store::notices::{
    Attempt, Channel, Claim, Claimed, Failing, LogFilter, Manner, Notice, NoticeState, Notices,
    Preference, Reason, Receiver, Upshot,
};

const NOTICE: &str = "SELECT key, escalation, person, receiver, reason, digest_ms, written_ms, \
                      state, since_ms, next_ms, channel, provider_id, failures, refused, \
                      last_error, claimed_by FROM notice";

pub(super) fn unknown(column: &str) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(0, column.to_owned(), Type::Text)
}

pub(super) fn channel_of(word: &str) -> rusqlite::Result<Channel> {
    let found = Channel::ALL.into_iter().find(|known| known.as_str() == word);
    found.ok_or_else(|| unknown("channel"))
}

fn state(row: &Row<'_>) -> rusqlite::Result<NoticeState> {
    let channel: Option<String> = row.get("channel")?;
    let channel = channel.as_deref().map(channel_of).transpose()?;
    let next = instant_option(row, "next_ms")?;
    let provider_id: Option<String> = row.get("provider_id")?;
    let state: String = row.get("state")?;
    let found = match (state.as_str(), next, channel, provider_id) {
        ("waiting", Some(next), ..) => Some(NoticeState::Waiting { next }),
        ("accepted", Some(next), Some(channel), Some(provider_id)) => {
            Some(NoticeState::Accepted { channel, provider_id, next })
        }
        ("delivered", _, Some(channel), _) => Some(NoticeState::Delivered(channel)),
        ("not-needed", ..) => Some(NoticeState::NotNeeded),
        ("given-up", ..) => Some(NoticeState::GivenUp),
        _ => None,
    };
    found.ok_or_else(|| unknown("state"))
}

fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let (receiver, reason): (String, String) = (row.get("receiver")?, row.get("reason")?);
    let refused: Vec<String> = json(row, "refused")?;
    Ok(Notice {
        key: row.get("key")?,
        escalation: parsed(row, "escalation")?,
        person: parsed(row, "person")?,
        receiver: Receiver::ALL
            .into_iter()
            .find(|known| known.as_str() == receiver)
            .ok_or_else(|| unknown("receiver"))?,
        reason: Reason::ALL
            .into_iter()
            .find(|known| known.as_str() == reason)
            .ok_or_else(|| unknown("reason"))?,
        digest: instant_option(row, "digest_ms")?,
        written: instant(row, "written_ms")?,
        state: state(row)?,
        since: instant(row, "since_ms")?,
        failures: row.get("failures")?,
        refused: refused.iter().map(|word| channel_of(word)).collect::<Result<_, _>>()?,
        last_error: row.get("last_error")?,
    })
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<Claimed> {
    let by: Option<String> = row.get("claimed_by")?;
    Ok(Claimed { notice: notice(row)?, unsure: by.is_some() })
}

/// The channel that a state is about, what its provider calls the notice, and when it is looked at.
fn parts(state: &NoticeState) -> (Option<&'static str>, Option<&str>, Option<i64>) {
    let next = ms_option(state.next());
    match state {
        NoticeState::Accepted { channel, provider_id, .. } => {
            (Some(channel.as_str()), Some(provider_id), next)
        }
        NoticeState::Delivered(channel) => (Some(channel.as_str()), None, next),
        NoticeState::Waiting { .. } | NoticeState::NotNeeded | NoticeState::GivenUp => {
            (None, None, next)
        }
    }
}

fn refused(notice: &Notice) -> String {
    to_json(&notice.refused.iter().map(|channel| channel.as_str()).collect::<Vec<_>>())
}

impl Notices for SqliteTx<'_> {
    fn put_notice(&mut self, notice: &Notice) -> Result<(), StoreError> {
        let sql = "INSERT INTO notice (key, escalation, person, receiver, reason, digest_ms, \
                   written_ms, state, since_ms, next_ms, channel, provider_id, failures, refused, \
                   last_error) VALUES (:key, :escalation, :person, :receiver, :reason, :digest, \
                   :written, :state, :since, :next, :channel, :provider_id, :failures, :refused, \
                   :last_error) ON CONFLICT (key) DO NOTHING";
        let (channel, provider_id, next) = parts(&notice.state);
        let params = named_params! {
            ":key": notice.key,
            ":escalation": notice.escalation.to_string(),
            ":person": notice.person.to_string(),
            ":receiver": notice.receiver.as_str(),
            ":reason": notice.reason.as_str(),
            ":digest": ms_option(notice.digest),
            ":written": ms(notice.written),
            ":state": notice.state.as_str(),
            ":since": ms(notice.since),
            ":next": next,
            ":channel": channel,
            ":provider_id": provider_id,
            ":failures": notice.failures,
            ":refused": refused(notice),
            ":last_error": notice.last_error,
        };
        self.execute("write a notice", sql, params).map(drop)
    }

    fn claim_notices(
        &mut self,
        claim: &Claim,
        now: DateTime<Utc>,
        count: usize,
    ) -> Result<Vec<Claimed>, StoreError> {
        let free = "next_ms <= ?1 AND (claimed_until_ms IS NULL OR claimed_until_ms <= ?1)";
        let sql = format!("{NOTICE} WHERE {free} ORDER BY next_ms, key LIMIT ?2");
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut found: Vec<Claimed> =
            self.all("find due notices", &sql, params![ms(now), count], claimed)?;
        let digests: std::collections::BTreeSet<_> = found
            .iter()
            .filter_map(|claimed| Some((claimed.notice.person, claimed.notice.digest?)))
            .collect();
        for (person, digest) in digests {
            let sql = format!("{NOTICE} WHERE {free} AND person = ?2 AND digest_ms = ?3");
            let params = params![ms(now), person.to_string(), ms(digest)];
            found.extend(self.all("find a digest's notices", &sql, params, claimed)?);
        }
        let key = |claimed: &Claimed| (claimed.notice.state.next(), claimed.notice.key.clone());
        found.sort_by_key(key);
        found.dedup_by_key(|claimed| claimed.notice.key.clone());
        let sql = "UPDATE notice SET claimed_by = ?2, claimed_until_ms = ?3 WHERE key = ?1";
        for Claimed { notice, .. } in &found {
            let params = params![notice.key, claim.by, ms(claim.until)];
            self.execute("claim a notice", sql, params)?;
        }
        Ok(found)
    }

    fn settle_notice(&mut self, notice: &Notice, by: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE notice SET state = :state, since_ms = :since, next_ms = :next, \
                   channel = :channel, provider_id = :provider_id, failures = :failures, \
                   refused = :refused, last_error = :last_error, claimed_by = NULL, \
                   claimed_until_ms = NULL WHERE key = :key AND claimed_by = :by";
        let (channel, provider_id, next) = parts(&notice.state);
        let params = named_params! {
            ":key": notice.key,
            ":by": by,
            ":state": notice.state.as_str(),
            ":since": ms(notice.since),
            ":next": next,
            ":channel": channel,
            ":provider_id": provider_id,
            ":failures": notice.failures,
            ":refused": refused(notice),
            ":last_error": notice.last_error,
        };
        Ok(self.execute("write what became of a notice", sql, params)? == 1)
    }

    fn release_claims(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "UPDATE notice SET claimed_until_ms = ?1 \
                   WHERE next_ms IS NOT NULL AND claimed_until_ms > ?1";
        self.execute("end claims", sql, [ms(now)]).map(drop)
    }

    fn next_notice(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT min(max(next_ms, coalesce(claimed_until_ms, 0))) AS next FROM notice \
                   WHERE next_ms IS NOT NULL";
        let next = self.one("read the next notice", sql, [], |row| instant_option(row, "next"))?;
        Ok(next.flatten())
    }

    fn notices(&self, escalation: EscalationId) -> Result<Vec<Notice>, StoreError> {
        let sql = format!("{NOTICE} WHERE escalation = ?1 ORDER BY written_ms, key");
        self.all("list an escalation's notices", &sql, [escalation.to_string()], notice)
    }

    fn notice_log(&self, filter: &LogFilter) -> Result<Vec<Notice>, StoreError> {
        let sql = format!(
            "{NOTICE} WHERE (?1 IS NULL OR person IN (SELECT value FROM json_each(?1))) \
             AND (NOT ?2 OR next_ms IS NOT NULL OR state = 'given-up') \
             ORDER BY written_ms DESC, key LIMIT ?3 OFFSET ?4"
        );
        let texts = |people: &Vec<PersonId>| {
            to_json(&people.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let count = |count: usize| signed(u64::try_from(count).unwrap_or(u64::MAX));
        let people = filter.people.as_ref().map(texts);
        let params = params![people, filter.only_open, count(filter.count), count(filter.skip)];
        self.all("read the delivery log", &sql, params, notice)
    }

    fn failing_notices(&self, failures: u32) -> Result<Option<Failing>, StoreError> {
        let sql = "SELECT count(*) AS count, min(written_ms) AS since FROM notice \
                   WHERE (next_ms IS NOT NULL AND failures > 0) AND failures >= ?1";
        let found = self.one("count notices that fail", sql, [failures.max(1)], |row| {
            let since = instant_option(row, "since")?;
            let count = usize::try_from(number(row, "count")?).unwrap_or(usize::MAX);
            Ok(since.map(|since| Failing { count, since }))
        })?;
        Ok(found.flatten())
    }

    fn try_again(&mut self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let sql = "UPDATE notice SET state = 'waiting', since_ms = ?1, next_ms = ?1, \
                   refused = '[]' WHERE state = 'given-up' OR (state = 'waiting' \
                   AND failures > 0 AND next_ms > ?1)";
        self.execute("let notices be tried again", sql, [ms(now)])
    }

    fn add_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let sql = "INSERT INTO notice_attempt (notice, person, at_ms, channel, outcome, why) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let params = params![
            attempt.notice,
            attempt.person.to_string(),
            ms(attempt.at),
            attempt.channel.as_str(),
            attempt.upshot.as_str(),
            attempt.why,
        ];
        self.execute("write an attempt", sql, params).map(drop)
    }

    fn attempts(&self, notice: &str) -> Result<Vec<Attempt>, StoreError> {
        let sql = "SELECT notice, person, at_ms, channel, outcome, why FROM notice_attempt \
                   WHERE notice = ?1 ORDER BY number";
        self.all("read a notice's attempts", sql, [notice], |row| {
            let (channel, upshot): (String, String) = (row.get("channel")?, row.get("outcome")?);
            Ok(Attempt {
                notice: row.get("notice")?,
                person: parsed(row, "person")?,
                at: instant(row, "at_ms")?,
                channel: channel_of(&channel)?,
                upshot: Upshot::ALL
                    .into_iter()
                    .find(|known| known.as_str() == upshot)
                    .ok_or_else(|| unknown("outcome"))?,
                why: row.get("why")?,
            })
        })
    }

    fn preference(&self, person: PersonId) -> Result<Option<Preference>, StoreError> {
        let sql = "SELECT immediate, same_day, routine, hours FROM notice_preference \
                   WHERE person = ?1";
        self.one("read how somebody wants to be told", sql, [person.to_string()], |row| {
            let manner = |urgency, column: &str| {
                let word: String = row.get(column)?;
                Manner::of(urgency, &word).ok_or_else(|| unknown(column))
            };
            Ok(Preference {
                immediate: manner(Urgency::Immediate, "immediate")?,
                same_day: manner(Urgency::SameDay, "same_day")?,
                routine: manner(Urgency::Routine, "routine")?,
                hours: parsed_option(row, "hours")?,
            })
        })
    }

    fn put_preference(
        &mut self,
        person: PersonId,
        preference: &Preference,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO notice_preference (person, immediate, same_day, routine, hours, \
                   recorded_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (person) DO UPDATE \
                   SET immediate = excluded.immediate, same_day = excluded.same_day, \
                   routine = excluded.routine, hours = excluded.hours, \
                   recorded_ms = excluded.recorded_ms";
        let params = params![
            person.to_string(),
            preference.immediate.as_str(),
            preference.same_day.as_str(),
            preference.routine.as_str(),
            text_option(preference.hours.as_ref()),
            ms(now),
        ];
        self.execute("write how somebody wants to be told", sql, params).map(drop)
    }
}
