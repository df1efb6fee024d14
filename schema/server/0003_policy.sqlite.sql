-- What the organisation decided about its policies: JSON of a PolicyDocument.
ALTER TABLE organisation ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
-- One more each time it changed; devices that hold an older one are sent it.
ALTER TABLE organisation ADD COLUMN policy_revision INTEGER NOT NULL DEFAULT 0;
