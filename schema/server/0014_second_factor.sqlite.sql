-- A second factor at sign-in: codes by time (RFC 6238), and codes for when the phone is gone.
CREATE TABLE second_factor (
    person TEXT PRIMARY KEY REFERENCES account (person),
    -- The secret, sealed with a key that is not in this file.
    secret BLOB NOT NULL,
    -- Since when a code is asked for; null: the person has not shown a first code yet.
    confirmed_ms INTEGER,
    -- The last step whose code was used: no code works twice.
    last_step INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code (
    person TEXT NOT NULL REFERENCES account (person),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    used_ms INTEGER,
    PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;
