-- What each device's clocks said when it spoke: one row for each stretch in which its wall clock
-- stayed as far from the server's, with the last moment of it.
CREATE TABLE clock_sample (
    number INTEGER PRIMARY KEY,
    device TEXT NOT NULL REFERENCES device (id),
    wall_ms INTEGER NOT NULL,
    server_ms INTEGER NOT NULL,
    -- A clock that never jumps, and the start of the device that it counts from.
    monotonic_ms INTEGER,
    boot TEXT
) STRICT;
CREATE INDEX clock_sample_by_device ON clock_sample (device, number);

-- When an event happened as judged when it was taken: by the server's clock, the instant from which
-- limits run, and how sure that is (a word of Trust). Earlier events were judged by the earlier of
-- claim and receipt.
ALTER TABLE event ADD COLUMN corrected_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN limits_from_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN trust TEXT NOT NULL DEFAULT 'unanchored';
UPDATE event SET corrected_ms = min(at_ms, received_ms), limits_from_ms = min(at_ms, received_ms);

-- When the oldest of the events that the device still holds was recorded, by its own clock.
ALTER TABLE device ADD COLUMN oldest_unsent_ms INTEGER;
