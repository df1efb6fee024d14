-- What the server signed about its logs when it last answered, for each epoch of its log: evidence
-- that a device keeps and nobody at the server can take back.
create table kept_head (
    log_epoch integer primary key,
    -- The server's clock, in milliseconds since 1970 (UTC).
    at_ms     integer not null,
    log       integer not null,
    access    integer not null,
    root      blob not null check (length(root) = 32),
    signature blob not null check (length(signature) = 64)
) strict;

-- The first head that cannot stand beside the one kept before it: the log went back, or is another.
create table contradicting_head (
    one       integer primary key check (one = 1),
    log_epoch integer not null,
    at_ms     integer not null,
    log       integer not null,
    access    integer not null,
    root      blob not null check (length(root) = 32),
    signature blob not null check (length(signature) = 64)
) strict;
