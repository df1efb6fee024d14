-- What a person decided about an own event that the server had set aside. Where the event was
-- released, its receipt says so too; `before` is the receipt's verdict until then.
create table settled (
    epoch   integer not null,
    seq     integer not null,
    -- The decision, as JSON of the wire.
    body    text not null,
    before  text not null,
    primary key (epoch, seq),
    foreign key (epoch, seq) references own_event (epoch, seq) on delete cascade
) strict;
