-- Notices by several ways: one row for each person and occasion, however many ways are tried, with a
-- row for each attempt. Times are milliseconds since 1970, UTC.

CREATE TABLE notice_by_ways (
    -- Says escalation, person, receiver, reason and instant, so that a notice is written once.
    key TEXT PRIMARY KEY,
    escalation TEXT NOT NULL REFERENCES escalation (id),
    person TEXT NOT NULL REFERENCES person (id),
    -- The person themselves, by the ways in which they can be reached; or the organisation's webhook.
    receiver TEXT NOT NULL CHECK (receiver IN ('person', 'webhook')),
    reason TEXT NOT NULL,
    -- Those of a person with the same instant go out as one message. None: alone.
    digest_ms INTEGER,
    written_ms INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'accepted', 'delivered', 'not-needed', 'given-up')),
    -- Since when it is in that state.
    since_ms INTEGER NOT NULL,
    -- When it is tried, or asked about, next. None: it is over.
    next_ms INTEGER CHECK ((next_ms IS NULL) = (state NOT IN ('waiting', 'accepted'))),
    -- The way that has it, or brought it.
    channel TEXT CHECK ((channel IS NOT NULL) = (state IN ('accepted', 'delivered'))),
    -- What the provider calls it while its word is awaited.
    provider_id TEXT CHECK ((provider_id IS NOT NULL) = (state = 'accepted')),
    -- How many attempts failed, by whatever way.
    failures INTEGER NOT NULL DEFAULT 0,
    -- The ways that said that they will never bring it to this person: a JSON array of words.
    refused TEXT NOT NULL DEFAULT '[]',
    -- What went wrong last, without personal data.
    last_error TEXT,
    -- Who is sending it, and until when nobody else may. A claim that has run out was never settled:
    -- what became of that attempt is not known.
    claimed_by TEXT,
    claimed_until_ms INTEGER CHECK ((claimed_by IS NULL) = (claimed_until_ms IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO notice_by_ways (key, escalation, person, receiver, reason, written_ms, state, since_ms,
    next_ms, channel, failures, last_error)
SELECT key, escalation, person, 'person', reason, written_ms,
    iif(sent_ms IS NULL, 'waiting', 'delivered'), coalesce(sent_ms, written_ms),
    iif(sent_ms IS NULL, next_try_ms, NULL), iif(sent_ms IS NULL, NULL, channel),
    attempts - (sent_ms IS NOT NULL), last_error
FROM notice;
DROP TABLE notice;
ALTER TABLE notice_by_ways RENAME TO notice;
CREATE INDEX notice_waiting ON notice (next_ms) WHERE next_ms IS NOT NULL;
CREATE INDEX notice_by_escalation ON notice (escalation);
CREATE INDEX notice_by_person ON notice (person, written_ms);
CREATE INDEX notice_by_age ON notice (written_ms);
CREATE INDEX notice_failing ON notice (failures, written_ms) WHERE next_ms IS NOT NULL AND failures > 0;
CREATE INDEX notice_digest ON notice (person, digest_ms)
    WHERE next_ms IS NOT NULL AND digest_ms IS NOT NULL;

-- Every attempt, and every word of a provider about one.
CREATE TABLE notice_attempt (
    number INTEGER PRIMARY KEY,
    -- None: a test.
    notice TEXT REFERENCES notice (key),
    person TEXT NOT NULL REFERENCES person (id),
    at_ms INTEGER NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'accepted', 'failed', 'refused')),
    -- Why, without personal data.
    why TEXT
) STRICT;
CREATE INDEX notice_attempt_by_notice ON notice_attempt (notice, number);

-- How somebody wants to be told. Nobody's row: as the organisation has it.
CREATE TABLE notice_preference (
    person TEXT PRIMARY KEY REFERENCES person (id),
    -- Immediate ones cannot be switched off.
    immediate TEXT NOT NULL CHECK (immediate IN ('email', 'text')),
    same_day TEXT NOT NULL CHECK (same_day IN ('email', 'text', 'console')),
    routine TEXT NOT NULL CHECK (routine IN ('digest', 'email', 'text', 'console')),
    -- When those that are not immediate may come, as written: "Mon-Fri 09:00-17:00". None: at any hour.
    hours TEXT,
    recorded_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When the person really heard of it first: a notice was delivered, or it was on their screen.
ALTER TABLE escalation_told ADD COLUMN heard_ms INTEGER;
ALTER TABLE escalation_told ADD COLUMN heard_by TEXT
    CHECK (heard_by IN ('email', 'notify-email', 'notify-sms', 'console'));
