-- Attachments: letters and photographs that records name by the hash of their bytes.

-- An attachment whose bytes are here, or on their way here.
create table attachment (
    number     integer primary key,
    hash       blob not null unique check (length(hash) = 32),
    media_type text not null,
    bytes      integer not null check (bytes > 0),
    -- How many bytes from the beginning are here. All of them, unless it is being fetched.
    held       integer not null check (held between 0 and bytes),
    -- A record of this device names it: it is to be sent. Else it was fetched, or belongs to a form.
    own        integer not null check (own in (0, 1)),
    added_ms   integer not null
) strict;

-- The bytes, in pieces. They come before the row above, whose hash is known at the end only.
create table attachment_chunk (
    attachment integer not null
               references attachment (number) on delete cascade deferrable initially deferred,
    -- Where the piece begins.
    at         integer not null,
    bytes      blob not null,
    primary key (attachment, at)
) strict;

-- Which of the events that are held name which attachments.
create table attachment_name (
    hash       blob not null check (length(hash) = 32),
    event_hash blob not null check (length(event_hash) = 32),
    primary key (hash, event_hash)
) strict, without rowid;
create index attachment_name_event on attachment_name (event_hash);

-- What belongs to a form that is being filled in.
create table draft_attachment (
    draft text not null references draft (draft) on delete cascade,
    hash  blob not null references attachment (hash) on delete cascade,
    -- What it shows, as a word of the wire.
    shows text not null,
    primary key (draft, hash)
) strict, without rowid;

-- What the server has of an own attachment.
create table attachment_sent (
    hash      blob primary key references attachment (hash) on delete cascade,
    state     text not null default 'waiting' check (state in ('waiting', 'received', 'refused')),
    -- How many bytes the server has, as it said; null: it is to be asked.
    received  integer,
    -- Why it was refused.
    reason    text,
    backed_up integer not null default 0 check (backed_up in (0, 1)),
    -- The server's backup mark when it was last asked whether a backup holds it.
    asked_at  integer not null default 0
) strict, without rowid;

-- The pause after an attachment's exchange that failed. Its own: events never wait for attachments.
create table attachment_pause (
    one      integer primary key check (one = 1),
    failures integer not null,
    until_ms integer not null
) strict;
