-- What is counted by week: failed contacts, and the records that withdraw one.
CREATE INDEX event_counted ON event (at_ms) WHERE kind IN ('failed-contact', 'withdrawn');
