-- Order books as exchanges told them at some moment.

create table book_snapshots (
    id uuid primary key,
    -- null: the platform's own, which every tenant reads and none changes
    tenant_id uuid default current_tenant() references tenants (id) on delete cascade,
    exchange text not null check (exchange ~ '^[a-z0-9-]{1,32}$'),
    symbol text not null check (symbol ~ '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    -- the exchange's number of the last update in it
    last_update_id bigint not null check (last_update_id >= 0),
    -- the best first
    bid_prices numeric[] not null,
    bid_quantities numeric[] not null,
    ask_prices numeric[] not null,
    ask_quantities numeric[] not null,
    taken_by uuid default current_user_id(),
    taken_at timestamptz not null,
    constraint book_snapshots_levels_paired check (
        cardinality(bid_prices) = cardinality(bid_quantities) and cardinality(ask_prices) = cardinality(ask_quantities)),
    constraint book_snapshots_levels_few check (greatest(cardinality(bid_prices), cardinality(ask_prices)) <= 1000)
);
-- an identifier begins with its moment
create index book_snapshots_of_market on book_snapshots (tenant_id, exchange, symbol, id);
select protect_tenant_table('book_snapshots', 'tenant_id is null');
