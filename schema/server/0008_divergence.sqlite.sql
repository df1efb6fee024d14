-- How often a device found a child's copy to differ from the server's, and how many of these ended by
-- themselves, as last reported.
ALTER TABLE device ADD COLUMN copies_differed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN copies_healed INTEGER NOT NULL DEFAULT 0;
