-- What is told live to those who listen, for as long as whoever was cut off may come back.

create table stream_events (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    id uuid not null,
    at timestamptz not null,
    topic text not null,
    -- the thing that it is about, such as a bot
    subject uuid not null,
    -- as it is told, letter by letter
    payload json not null,
    -- its place among the events of all tenants. It is given once the event is committed, so that none ever comes to
    -- stand before one that has been read
    seq bigint,
    primary key (tenant_id, id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
create index stream_events_waiting on stream_events (id) where seq is null;
create unique index stream_events_placed on stream_events (seq) where seq is not null;
create index stream_events_of_tenant on stream_events (tenant_id, seq) where seq is not null;
select protect_tenant_table('stream_events');

-- The last place that was given, and the last whose event was removed. Whoever gives places locks it.
create table stream_places (
    one boolean primary key default true check (one),
    head bigint not null,
    floor bigint not null check (floor <= head)
);
insert into stream_places (head, floor) values (0, 0);
grant select on stream_places to botcriptofy_app, botcriptofy_system;
grant update (head, floor) on stream_places to botcriptofy_system;
