-- Merkle trees (RFC 6962) over the log of events and over the access log: as many leaves as there
-- are lines, and the root of each complete subtree, the largest first. Whoever kept a signed head
-- can prove later that nothing before it was changed or left out.
CREATE TABLE tree (
    name TEXT PRIMARY KEY CHECK (name IN ('log', 'access')),
    size INTEGER NOT NULL CHECK (size >= 0),
    peaks BLOB NOT NULL CHECK (length(peaks) % 32 = 0)
) STRICT, WITHOUT ROWID;
INSERT INTO tree (name, size, peaks) VALUES ('log', 0, x''), ('access', 0, x'');
