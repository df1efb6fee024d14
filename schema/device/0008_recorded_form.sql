-- A form that was recorded, and the records that came from it: a form that is sent a second time is
-- shown what it became, and records nothing.
create table recorded_form (
    -- The id under which the form was saved.
    draft text not null,
    -- The entry of the form, from 0.
    entry integer not null,
    -- The record that came from it.
    event text not null,
    primary key (draft, entry)
) strict, without rowid;
