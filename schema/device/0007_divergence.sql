-- How often the copy of a child was found to differ from the server's, and how many of these ended
-- by themselves. Only ever counted up. No row: none ever did.
create table divergence (
    one    integer primary key check (one = 1),
    found  integer not null check (found >= 0),
    healed integer not null check (healed between 0 and found)
) strict;
insert into divergence (one, found, healed)
select 1, differing, 0 from (select count(*) as differing from again) where differing > 0;
