-- What the server last told this device to keep to, as JSON of the wire. No row: nothing yet.
create table terms (
    one      integer primary key check (one = 1),
    document text not null
) strict;

-- How long the device has been without contact, as it counts itself, so that a clock that is put
-- back does not lengthen it. No row: it was never in contact.
create table lease (
    one          integer primary key check (one = 1),
    -- Milliseconds without contact, up to the reading below.
    spent_ms     integer not null check (spent_ms >= 0),
    -- What the clocks said at that moment: in milliseconds since 1970 (UTC), and since `boot`.
    wall_ms      integer not null,
    monotonic_ms integer,
    boot         text,
    -- The wall clock was put back since the last contact.
    put_back     integer not null default 0 check (put_back in (0, 1))
) strict;

-- The key by which this device knows its server's signed heads: that of the enrolment, until a person
-- says that another is right.
create table head_key (
    one     integer primary key check (one = 1),
    trusted blob not null check (length(trusted) = 32),
    -- The key with which heads were signed last, where it is another one; null: it never was.
    other   blob check (length(other) = 32)
) strict;
