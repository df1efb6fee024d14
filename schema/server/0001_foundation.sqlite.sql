-- What the server of one organisation remembers. Identifiers are hyphenated lower-case UUIDs,
-- hashes are 32 bytes, instants are milliseconds since 1970 in UTC and end in _ms, words are those
-- of the vocabulary. Nothing of the log, the quarantine, the ledger or the access log is ever deleted.

-- The organisation that this store belongs to: exactly one row.
CREATE TABLE organisation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- One more each time the store was restored from a backup.
    log_epoch INTEGER NOT NULL DEFAULT 1,
    -- The position of the last event; the next ones are taken by the last statement of a transaction.
    head INTEGER NOT NULL DEFAULT 0,
    -- The log is safely backed up to this position.
    backed_up_to INTEGER NOT NULL DEFAULT 0 CHECK (backed_up_to <= head),
    -- One more each time a team, person, child or allocation changed.
    directory INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE team (
    id TEXT PRIMARY KEY,
    -- What the organisation's own system calls it.
    external TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    phone TEXT
) STRICT;

-- Staff and volunteers; and the office itself, as doorstep:office.
CREATE TABLE person (
    id TEXT PRIMARY KEY,
    external TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The role in which this person records.
    role TEXT NOT NULL,
    -- Further roles held for the team: a JSON array of words.
    also TEXT NOT NULL DEFAULT '[]',
    -- Administrators are the organisation's duty desk.
    administrator INTEGER NOT NULL DEFAULT 0 CHECK (administrator IN (0, 1)),
    team TEXT REFERENCES team (id),
    email TEXT,
    phone TEXT,
    line_manager TEXT REFERENCES person (id),
    -- Since when this person no longer works here.
    left_ms INTEGER
) STRICT;
CREATE INDEX person_by_team ON person (team);

CREATE TABLE child (
    id TEXT PRIMARY KEY,
    external TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Date of birth, YYYY-MM-DD.
    born TEXT,
    address TEXT,
    -- The address must not become known: never in a notice, a log or an export.
    address_protected INTEGER NOT NULL DEFAULT 0 CHECK (address_protected IN (0, 1)),
    phone TEXT,
    -- What the record said before the first event: JSON of a ChildRecord. Later changes are events.
    record TEXT NOT NULL,
    team TEXT REFERENCES team (id),
    -- Count of this child's events, sum of their hashes, and the position of the last of them.
    event_count INTEGER NOT NULL DEFAULT 0,
    event_sum BLOB NOT NULL DEFAULT (zeroblob(32)) CHECK (length(event_sum) = 32),
    last_position INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX child_by_team ON child (team);

-- Who holds which child, in which role, from when until when (not included).
CREATE TABLE allocation (
    child TEXT NOT NULL REFERENCES child (id),
    person TEXT NOT NULL REFERENCES person (id),
    role TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER,
    PRIMARY KEY (child, person, role, from_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX allocation_by_person ON allocation (person);

CREATE TABLE device (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    -- Ed25519.
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    -- SHA-256 of the secret that it shows with every request.
    token_hash BLOB NOT NULL CHECK (length(token_hash) = 32),
    -- The private key of the server's own desk, which seals what the office changes; else null.
    desk_key BLOB CHECK (length(desk_key) = 32),
    name TEXT NOT NULL,
    -- The app and its version, as last reported.
    app TEXT NOT NULL,
    enrolled_ms INTEGER NOT NULL,
    last_contact_ms INTEGER,
    -- How many events it said that it still holds.
    unsent INTEGER NOT NULL DEFAULT 0,
    revoked_ms INTEGER,
    -- The number of the last change to what it holds.
    change INTEGER NOT NULL DEFAULT 0,
    -- The state of the directory that its cards were last compared with.
    directory INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX device_by_person ON device (person);

-- How far each device's chain goes in each epoch.
CREATE TABLE device_chain (
    device TEXT NOT NULL REFERENCES device (id),
    epoch INTEGER NOT NULL,
    next_seq INTEGER NOT NULL,
    -- The hash that the next event must carry as previous.
    head BLOB NOT NULL CHECK (length(head) = 32),
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;

-- One-time codes for enrolment; the code itself is not here.
CREATE TABLE enrolment_code (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    person TEXT NOT NULL REFERENCES person (id),
    expires_ms INTEGER NOT NULL,
    used_by TEXT REFERENCES device (id)
) STRICT, WITHOUT ROWID;

-- The organisation's log.
CREATE TABLE event (
    -- From 1, without holes, in the order of the commits.
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    child TEXT NOT NULL REFERENCES child (id),
    person TEXT NOT NULL REFERENCES person (id),
    device TEXT NOT NULL REFERENCES device (id),
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- When it happened, as claimed; when the server took it.
    at_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- The author no longer held the child when it came.
    handed_over INTEGER NOT NULL CHECK (handed_over IN (0, 1)),
    -- The exact text that was signed.
    body TEXT NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    UNIQUE (device, epoch, seq)
) STRICT;
CREATE INDEX event_by_child ON event (child, position);
CREATE INDEX event_by_id ON event (id);

-- Events that were set aside until a person has looked at them.
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY,
    device TEXT NOT NULL REFERENCES device (id),
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- A word of QuarantineCode, or fork: such an entry stands beside its device's chain.
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    -- The child that it names, where that could be read and is known.
    child TEXT REFERENCES child (id),
    received_ms INTEGER NOT NULL,
    bytes TEXT NOT NULL,
    signature BLOB CHECK (length(signature) = 64),
    dealt_with_ms INTEGER,
    UNIQUE (device, epoch, seq, hash)
) STRICT;

-- What each device was sent, or told to forget.
CREATE TABLE device_child (
    device TEXT NOT NULL REFERENCES device (id),
    child TEXT NOT NULL REFERENCES child (id),
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    -- The number of the last change to this line, among those of the device.
    change INTEGER NOT NULL,
    -- The number of the change with which the child is to be sent whole.
    whole INTEGER NOT NULL,
    -- The hash of the card that goes with the change.
    card BLOB NOT NULL CHECK (length(card) = 32),
    PRIMARY KEY (device, child)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX device_child_by_change ON device_child (device, change);

-- When each child was last assessed, and when it is to be assessed again though nothing happens.
-- What the answer was can be computed again at any time, and what follows from it is the ledger.
CREATE TABLE assessment (
    child TEXT PRIMARY KEY REFERENCES child (id),
    as_of_ms INTEGER NOT NULL,
    next_change_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX assessment_by_next_change ON assessment (next_change_ms);

-- The ledger of escalations: who had to hear of what, and what became of it.
CREATE TABLE escalation (
    id TEXT PRIMARY KEY,
    child TEXT NOT NULL REFERENCES child (id),
    clause TEXT NOT NULL,
    cause TEXT NOT NULL,
    to_role TEXT NOT NULL,
    addressee TEXT NOT NULL REFERENCES person (id),
    -- Rank of the urgency, 0 the most urgent, so that inboxes sort.
    urgency INTEGER NOT NULL,
    standing TEXT NOT NULL,
    due_ms INTEGER,
    since_ms INTEGER NOT NULL,
    raised_ms INTEGER NOT NULL,
    -- When the addressee was first told; null: it was met before anybody had to be.
    told_ms INTEGER,
    acknowledged_ms INTEGER,
    acknowledged_by TEXT REFERENCES person (id),
    -- When it left the inbox.
    ended_ms INTEGER,
    -- A notice of it failed so often that a person must know.
    undelivered INTEGER NOT NULL DEFAULT 0 CHECK (undelivered IN (0, 1)),
    -- What the policies say of it now: JSON of an Escalation.
    body TEXT NOT NULL,
    UNIQUE (child, clause, cause, to_role),
    CHECK ((acknowledged_ms IS NULL) = (acknowledged_by IS NULL))
) STRICT;
CREATE INDEX escalation_inbox ON escalation (addressee, urgency) WHERE ended_ms IS NULL;

CREATE TABLE escalation_history (
    number INTEGER PRIMARY KEY,
    escalation TEXT NOT NULL REFERENCES escalation (id),
    at_ms INTEGER NOT NULL,
    what TEXT NOT NULL,
    by_person TEXT REFERENCES person (id),
    note TEXT
) STRICT;
CREATE INDEX escalation_history_by_escalation ON escalation_history (escalation, number);

-- Notices to people, and what became of them.
CREATE TABLE notice (
    -- Says escalation, person, channel and reason, so that a notice is written once.
    key TEXT PRIMARY KEY,
    escalation TEXT NOT NULL REFERENCES escalation (id),
    person TEXT NOT NULL REFERENCES person (id),
    channel TEXT NOT NULL,
    reason TEXT NOT NULL,
    written_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL,
    sent_ms INTEGER,
    -- Without personal data.
    last_error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_waiting ON notice (next_try_ms) WHERE sent_ms IS NULL;
CREATE INDEX notice_by_escalation ON notice (escalation);

-- Every reading of a child's record by a person.
CREATE TABLE access_log (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    child TEXT NOT NULL REFERENCES child (id),
    by_what TEXT NOT NULL,
    device TEXT REFERENCES device (id),
    reason TEXT
) STRICT;
CREATE INDEX access_log_by_child ON access_log (child, number);
