-- Who may see what, and who looked. Times are milliseconds since 1970, UTC.

-- Looks at who looked, and at no record.
ALTER TABLE person ADD COLUMN auditor INTEGER NOT NULL DEFAULT 0 CHECK (auditor IN (0, 1));

CREATE INDEX absence_by_deputy ON absence (deputy) WHERE deputy IS NOT NULL;

-- How the reader stood to the child: a word of Tie. Null: the reading was refused, or is older than
-- this column.
ALTER TABLE access_log ADD COLUMN tie TEXT;
CREATE INDEX access_log_by_person ON access_log (person, number);
CREATE INDEX access_log_by_at ON access_log (at_ms);
-- It is only ever added to.
CREATE TRIGGER access_log_is_not_changed BEFORE UPDATE ON access_log
BEGIN SELECT RAISE(ABORT, 'the access log is only added to'); END;
CREATE TRIGGER access_log_is_not_deleted BEFORE DELETE ON access_log
BEGIN SELECT RAISE(ABORT, 'the access log is only added to'); END;

-- A record was opened outside the allocation, with a reason and for a time.
CREATE TABLE glass (
    number INTEGER PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    child TEXT NOT NULL REFERENCES child (id),
    -- Why, in that person's words.
    reason TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL CHECK (until_ms > from_ms),
    -- Who must hear of it, and when they were told by e-mail; null: not yet.
    manager TEXT REFERENCES person (id),
    told_ms INTEGER,
    -- Somebody else looked into it: null, nobody yet.
    reviewed_ms INTEGER,
    reviewed_by TEXT REFERENCES person (id),
    justified INTEGER CHECK (justified IN (0, 1)),
    review TEXT,
    CHECK ((reviewed_ms IS NULL) = (reviewed_by IS NULL)),
    CHECK (reviewed_by <> person)
) STRICT;
CREATE INDEX glass_by_person ON glass (person, until_ms);
CREATE INDEX glass_waiting ON glass (number) WHERE reviewed_ms IS NULL;

-- A protected address is to be protected no more: one person asks, another agrees or does not.
CREATE TABLE address_lift (
    number INTEGER PRIMARY KEY,
    child TEXT NOT NULL REFERENCES child (id),
    asked_by TEXT NOT NULL REFERENCES person (id),
    asked_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    answered_by TEXT REFERENCES person (id),
    answered_ms INTEGER,
    agreed INTEGER CHECK (agreed IN (0, 1)),
    CHECK ((answered_ms IS NULL) = (answered_by IS NULL)),
    CHECK (answered_by <> asked_by)
) STRICT;
CREATE UNIQUE INDEX address_lift_open ON address_lift (child) WHERE answered_ms IS NULL;
