-- What a device keeps beside its encrypted file, readable by whoever has the device: nothing in it
-- tells anything of a child.

-- Whose porch it is, and what became of the key.
create table porch (
    one               integer primary key check (one = 1),
    -- The device; null before the enrolment.
    device            text,
    -- After so many wrong passphrases running, the key is destroyed.
    wrong_passphrases integer not null,
    -- When it was (UTC, milliseconds since 1970); null: it was not.
    destroyed_ms      integer
) strict;

-- Records that the server has not received, sealed so that only the server can open them.
create table copy (
    epoch integer not null,
    seq   integer not null,
    -- To which of the server's keys.
    key   text not null,
    copy  blob not null,
    proof blob not null check (length(proof) = 64),
    primary key (epoch, seq)
) strict;

-- Wrong passphrases given running. No row: none.
create table tries (
    one          integer primary key check (one = 1),
    wrong        integer not null,
    -- How long to wait from the reading below on, in milliseconds.
    wait_ms      integer not null,
    wall_ms      integer not null,
    monotonic_ms integer,
    boot         text
) strict;
