-- Visits that were planned, as the organisation's own system says: silence about one is noticed.
CREATE TABLE planned_visit (
    id TEXT PRIMARY KEY,
    child TEXT NOT NULL REFERENCES child (id),
    -- Who was to make it, and when it was to begin.
    person TEXT NOT NULL REFERENCES person (id),
    at_ms INTEGER NOT NULL,
    -- Since when the person's devices are known to be silent about it; null: they are not.
    silent_ms INTEGER,
    -- Since when it is called off.
    cancelled_ms INTEGER,
    UNIQUE (child, person, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX planned_visit_by_at ON planned_visit (at_ms);
CREATE INDEX planned_visit_silent ON planned_visit (person) WHERE silent_ms IS NOT NULL;
