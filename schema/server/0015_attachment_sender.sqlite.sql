-- Which devices sent the whole bytes of an attachment. To name a hash is not to have the bytes: only
-- the records of these devices open an attachment to their readers.
CREATE TABLE attachment_sender (
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    device TEXT NOT NULL REFERENCES device (id),
    PRIMARY KEY (hash, device)
) STRICT, WITHOUT ROWID;
INSERT INTO attachment_sender SELECT hash, device FROM attachment WHERE completed IS NOT NULL;
