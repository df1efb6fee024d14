-- What a device remembers. Instants are milliseconds since 1970 (UTC), identifiers are UUIDs as
-- text, hashes and keys are raw bytes. The whole file is encrypted; no table adds a cipher of its own.

-- The device itself, from before it was ever in touch with a server.
create table identity (
    one         integer primary key check (one = 1),
    -- The secret half of the Ed25519 key that signs every event of this device.
    signing_key blob not null check (length(signing_key) = 32),
    -- What the person calls the device.
    device_name text not null
) strict;

-- Whose device it is and for which store it records. The row comes with the enrolment.
create table enrolment (
    one               integer primary key check (one = 1),
    device            text not null,
    person            text not null,
    person_name       text not null,
    person_role       text not null,
    -- The secret that is shown with every request.
    token             text not null,
    organisation      text not null,
    organisation_name text not null,
    foreign key (one) references identity (one)
) strict;

-- The end of the device's hash chain, kept apart because events below it may be pruned.
create table chain (
    one   integer primary key check (one = 1),
    epoch integer not null check (epoch >= 1),
    -- The number of the last event of the epoch; 0 before the first.
    seq   integer not null check (seq >= 0),
    -- The hash of that event; zeros before the first.
    hash  blob not null check (length(hash) = 32)
) strict;

-- The device's own log: the exact bytes that were signed. Rows are never changed.
create table own_event (
    epoch       integer not null,
    seq         integer not null,
    event       text not null,
    child       text not null,
    recorded_ms integer not null,
    body        text not null,
    signature   blob not null check (length(signature) = 64),
    hash        blob not null unique check (length(hash) = 32),
    primary key (epoch, seq)
) strict;
create index own_event_child on own_event (child);
create index own_event_event on own_event (event);
create trigger own_event_is_immutable before update on own_event
begin
    select raise(abort, 'an own event is never changed');
end;

-- What became of an own event at the server. No row: the server has not said that it has it.
create table receipt (
    epoch     integer not null,
    seq       integer not null,
    -- The verdict, as JSON of the wire.
    outcome   text not null,
    -- Its place in the organisation's log; null for an event that was set aside.
    position  integer,
    -- The log epoch in which `position` means something.
    log_epoch integer not null,
    primary key (epoch, seq),
    foreign key (epoch, seq) references own_event (epoch, seq) on delete cascade
) strict;

-- An own event whose chain split, and the event under which the same content was sealed again.
create table resealed (
    epoch     integer not null,
    seq       integer not null,
    new_epoch integer not null,
    new_seq   integer not null,
    primary key (epoch, seq),
    unique (new_epoch, new_seq),
    foreign key (epoch, seq) references own_event (epoch, seq) on delete cascade,
    foreign key (new_epoch, new_seq) references own_event (epoch, seq) on delete cascade
) strict;

-- The caseload: the children that this device's person may see.
create table child (
    child text primary key,
    -- The card, as JSON of the wire.
    card  text not null
) strict;

-- Children that left the caseload: their identifiers only, so that a visit that was under way when
-- they left can still be recorded.
create table former_child (
    child text primary key
) strict;

-- Events of the caseload's children as they came from the server, own ones too where it sends them.
create table pulled_event (
    hash      blob primary key check (length(hash) = 32),
    -- The id in the body; null where the body cannot be read.
    event     text,
    child     text not null,
    position  integer not null,
    body      text not null,
    signature blob not null check (length(signature) = 64),
    -- The exchange that brought it last.
    exchange  integer not null,
    -- The server sent the child again without it. Kept and judged, but not part of the digest.
    missing   integer not null default 0 check (missing in (0, 1))
) strict;
create index pulled_event_child on pulled_event (child);
create index pulled_event_event on pulled_event (event);

-- What the device knows of its server, from the last answer.
create table server (
    one            integer primary key check (one = 1),
    -- How many answers were taken in.
    exchange       integer not null,
    cursor         text not null,
    log_epoch      integer not null,
    backed_up_to   integer not null,
    -- The limits, as JSON of the wire.
    limits         text not null,
    -- The server's clock at the last answer.
    server_time_ms integer not null,
    -- The device's clock when it sent the request that was answered.
    contact_ms     integer not null,
    -- The server had more to send.
    more           integer not null check (more in (0, 1)),
    children_left  integer not null
) strict;

-- The pause after a failed exchange. No row: there is none.
create table pause (
    one      integer primary key check (one = 1),
    failures integer not null,
    until_ms integer not null
) strict;

-- Children whose copy differed from the server's digest, to be sent again.
create table again (
    child  text primary key,
    -- How many times running the copy differed.
    times  integer not null,
    -- The first exchange whose page answers the plea.
    asked  integer not null
) strict;

-- Forms that are being filled in.
create table draft (
    draft    text primary key,
    -- The form's own JSON.
    document text not null,
    saved_ms integer not null
) strict;
