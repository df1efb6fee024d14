-- What a person decided about an event that had been set aside: released into the log as it is,
-- corrected by another event, or dismissed. Decided once; dealt_with_ms says when.
ALTER TABLE quarantine ADD COLUMN settled TEXT
    CHECK (settled IN ('released', 'corrected', 'dismissed'));
ALTER TABLE quarantine ADD COLUMN settled_by TEXT REFERENCES person (id);
-- Why, in that person's words.
ALTER TABLE quarantine ADD COLUMN settled_reason TEXT;
-- The id of the event that says what a corrected one meant.
ALTER TABLE quarantine ADD COLUMN settled_event TEXT;
CREATE INDEX quarantine_settled ON quarantine (dealt_with_ms) WHERE dealt_with_ms IS NOT NULL;
