-- Sign-in to the console. Instants are milliseconds since 1970 (UTC), identifiers are UUIDs as text,
-- hashes are raw bytes.

-- Who may sign in. One account for a person.
create table account (
    person       text primary key references person (id),
    -- The name to sign in with, in lower case.
    login        text not null unique check (login = lower(login)),
    -- The password's hash, a PHC string of Argon2id.
    password     text not null check (password like '$argon2id$%'),
    created_ms   integer not null,
    -- When the password was set last.
    password_ms  integer not null,
    -- Since when the account may not be used; null: it may.
    disabled_ms  integer
) strict;

-- Who is signed in. The token itself is only in the browser's cookie.
create table session (
    token_hash blob primary key check (length(token_hash) = 32),
    person     text not null references account (person),
    started_ms integer not null,
    -- When the person last asked for something.
    seen_ms    integer not null
) strict;
create index session_person on session (person);

-- Failed sign-ins, by the hash of the name that was typed, whether there is such an account or not.
create table sign_in_failure (
    login_hash blob primary key check (length(login_hash) = 32),
    -- How many in a row.
    count      integer not null check (count > 0),
    last_ms    integer not null
) strict;
create index sign_in_failure_last on sign_in_failure (last_ms);
