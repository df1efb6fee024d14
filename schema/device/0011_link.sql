-- How often the size of a page was halved because no answer came, and how many answers came since
-- it last changed. No row: pages are as large as the server likes.
create table link (
    one      integer primary key check (one = 1),
    halvings integer not null check (halvings > 0),
    good     integer not null check (good >= 0)
) strict;
