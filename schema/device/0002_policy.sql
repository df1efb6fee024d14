-- What the organisation decided about its policies, as JSON of the wire. No row: the built-in ones.
create table policy (
    one      integer primary key check (one = 1),
    document text not null
) strict;
