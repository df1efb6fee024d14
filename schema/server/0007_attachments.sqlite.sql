-- Attachments: letters and photographs that records name by the hash of their bytes. What lies here is
-- encrypted piece by piece with a key that is not in this file: attachments.key beside it.

CREATE TABLE attachment (
    number INTEGER PRIMARY KEY,
    -- SHA-256 of the bytes.
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- The device that sends it. Each sends its own, so that none can spoil another's.
    device TEXT NOT NULL REFERENCES device (id),
    -- What it is: claimed while bytes are missing, by its first bytes once it is complete.
    media_type TEXT NOT NULL,
    -- How many bytes there are, and how many have come.
    bytes INTEGER NOT NULL CHECK (bytes > 0),
    received INTEGER NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND bytes),
    -- The key that its pieces are encrypted with.
    key_id TEXT NOT NULL,
    -- When the last piece came.
    touched_ms INTEGER NOT NULL,
    -- Its place in the order in which attachments were found whole; null while this one is not.
    completed INTEGER UNIQUE,
    -- A backup holds it.
    backed_up INTEGER NOT NULL DEFAULT 0 CHECK (backed_up IN (0, 1)),
    UNIQUE (hash, device),
    CHECK (completed IS NULL OR received = bytes)
) STRICT;
CREATE UNIQUE INDEX attachment_complete ON attachment (hash) WHERE completed IS NOT NULL;
CREATE INDEX attachment_partial ON attachment (touched_ms) WHERE completed IS NULL;
CREATE INDEX attachment_by_device ON attachment (device);

-- The pieces, as they came.
CREATE TABLE attachment_chunk (
    attachment INTEGER NOT NULL REFERENCES attachment (number) ON DELETE CASCADE,
    -- Where it begins.
    at INTEGER NOT NULL,
    -- Nonce, ciphertext and tag (XChaCha20-Poly1305).
    sealed BLOB NOT NULL,
    PRIMARY KEY (attachment, at)
) STRICT;

-- Which events of the log name which attachments.
CREATE TABLE event_attachment (
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    position INTEGER NOT NULL REFERENCES event (position),
    child TEXT NOT NULL REFERENCES child (id),
    device TEXT NOT NULL REFERENCES device (id),
    PRIMARY KEY (hash, position)
) STRICT, WITHOUT ROWID;
