-- Sign-in to the console. Instants are milliseconds since 1970 (UTC), identifiers are UUIDs as text.

-- Who may sign in. One account for a person.
CREATE TABLE account (
    person TEXT PRIMARY KEY REFERENCES person (id),
    -- The name to sign in with, in lower case.
    login TEXT NOT NULL UNIQUE,
    -- The password's hash, a PHC string of Argon2id.
    password TEXT NOT NULL CHECK (password LIKE '$argon2id$%'),
    created_ms INTEGER NOT NULL,
    -- When the password was set last.
    password_ms INTEGER NOT NULL,
    -- Since when the account may not be used; else null.
    disabled_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Who is signed in. The token itself is only in the browser's cookie.
CREATE TABLE session (
    -- SHA-256 of the token.
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    person TEXT NOT NULL REFERENCES account (person),
    started_ms INTEGER NOT NULL,
    -- When the person last asked for something.
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_person ON session (person);

-- Failed sign-ins, whether there is such an account or not.
CREATE TABLE sign_in_failure (
    -- SHA-256 of the name that was typed, in lower case.
    login_hash BLOB PRIMARY KEY CHECK (length(login_hash) = 32),
    -- How many in a row.
    count INTEGER NOT NULL CHECK (count > 0),
    last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failure_by_age ON sign_in_failure (last_ms);

-- What has ended, for those who look back.
CREATE INDEX escalation_ended ON escalation (addressee, ended_ms) WHERE ended_ms IS NOT NULL;
