-- First passwords, and what happened to accounts. Times are milliseconds since 1970, UTC.

-- Until when a password that somebody else set opens a session, in which its person sets an own one
-- before anything else. Null: the person's own password.
ALTER TABLE account ADD COLUMN first_until_ms INTEGER;

-- A code of the older kind, of 50 bits: it goes on working until it is used or replaced.
ALTER TABLE recovery_code ADD COLUMN is_short INTEGER NOT NULL DEFAULT 1
    CHECK (is_short IN (0, 1));

-- What happened to an account. It is only ever added to.
CREATE TABLE account_event (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    -- Whose account.
    person TEXT NOT NULL REFERENCES person (id),
    -- A word of Happening.
    what TEXT NOT NULL,
    -- Why, in the words of whoever did it, where that is asked.
    reason TEXT
) STRICT;
CREATE INDEX account_event_by_person ON account_event (person, number);
CREATE TRIGGER account_event_is_not_changed BEFORE UPDATE ON account_event
BEGIN SELECT RAISE(ABORT, 'what happened to accounts is only added to'); END;
CREATE TRIGGER account_event_is_not_deleted BEFORE DELETE ON account_event
BEGIN SELECT RAISE(ABORT, 'what happened to accounts is only added to'); END;

-- Who is to hear of it, and since when they were told by a message; null: not yet.
CREATE TABLE account_event_told (
    event INTEGER NOT NULL REFERENCES account_event (number),
    person TEXT NOT NULL REFERENCES person (id),
    told_ms INTEGER,
    PRIMARY KEY (event, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_event_untold ON account_event_told (event) WHERE told_ms IS NULL;
