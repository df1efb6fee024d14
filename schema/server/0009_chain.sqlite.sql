-- Who cannot be told for a time, and who was told of what. Times are milliseconds since 1970, UTC.

-- Somebody is away. Nothing is removed: who comes back early ends it.
CREATE TABLE absence (
    number INTEGER PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    -- Why: leave, ill, or not available for the moment.
    why TEXT NOT NULL CHECK (why IN ('leave', 'ill', 'not-available')),
    from_ms INTEGER NOT NULL,
    -- Until when, not included. None: until the person says otherwise.
    until_ms INTEGER CHECK (until_ms IS NULL OR until_ms >= from_ms),
    -- Who stands in. None: whoever is next in the chain.
    deputy TEXT REFERENCES person (id) CHECK (deputy <> person),
    recorded_by TEXT NOT NULL REFERENCES person (id),
    recorded_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX absence_by_person ON absence (person, from_ms);

-- Everybody who was told of an escalation, and so sees it in the inbox until it ends.
CREATE TABLE escalation_told (
    -- In the order in which they were told.
    number INTEGER PRIMARY KEY,
    escalation TEXT NOT NULL REFERENCES escalation (id),
    person TEXT NOT NULL REFERENCES person (id),
    first_ms INTEGER NOT NULL,
    -- Whose place the person took. None: told as the addressee, or as the next of the chain.
    in_place_of TEXT REFERENCES person (id),
    UNIQUE (escalation, person)
) STRICT;
CREATE INDEX escalation_told_by_person ON escalation_told (person);
INSERT INTO escalation_told (escalation, person, first_ms)
SELECT id, addressee, told_ms FROM escalation WHERE told_ms IS NOT NULL;

-- When somebody works, as written: "Mon-Fri 09:00-17:00". Nobody's: at any hour.
CREATE TABLE working_hours (
    person TEXT PRIMARY KEY REFERENCES person (id),
    hours TEXT NOT NULL
) STRICT, WITHOUT ROWID;
