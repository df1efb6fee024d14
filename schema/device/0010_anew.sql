-- The exchange with which the server last began anew, and the one that last brought a child's card:
-- a child that did not come since is not in the caseload any more. 0: before this was noted.
alter table server add column anew integer not null default 0;
alter table child add column exchange integer not null default 0;
