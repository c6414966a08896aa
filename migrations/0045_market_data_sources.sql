-- What exchanges list, and what tenants have them asked for.

-- Platform-wide: what an exchange says of its symbols is nobody's own.
create table instruments (
    exchange text not null check (exchange ~ '^[a-z0-9-]{1,32}$'),
    symbol text not null check (symbol ~ '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    base text not null generated always as (split_part(symbol, '/', 1)) stored,
    quote text not null generated always as (split_part(symbol, '/', 2)) stored,
    -- in the exchange's words; DELISTED for what it names no more
    status text not null check (length(status) between 1 and 40),
    -- a filter that is null lets everything pass
    tick numeric check (tick > 0),
    lot numeric check (lot > 0),
    min_quantity numeric check (min_quantity > 0),
    max_quantity numeric check (max_quantity > 0),
    market_lot numeric check (market_lot > 0),
    market_min_quantity numeric check (market_min_quantity > 0),
    market_max_quantity numeric check (market_max_quantity > 0),
    min_notional numeric check (min_notional > 0),
    base_digits smallint not null,
    quote_digits smallint not null,
    order_types text[] not null,
    permissions text[] not null,
    -- when the exchange was last heard of it
    updated_at timestamptz not null,
    primary key (exchange, symbol)
);

-- Enough for the samples where no exchange can be asked: Binance's filters of 2018-02-10.
insert into instruments (exchange, symbol, status, tick, lot, min_quantity, max_quantity, min_notional, base_digits,
    quote_digits, order_types, permissions, updated_at)
values
    ('binance', 'BTC/USDT', 'TRADING', 0.01, 0.000001, 0.000001, 10000000, 10, 8, 8,
     '{LIMIT,LIMIT_MAKER,MARKET,STOP_LOSS_LIMIT,TAKE_PROFIT_LIMIT}', '{}', '2018-02-10T02:40:25.348Z'),
    ('binance', 'ETH/USDT', 'TRADING', 0.01, 0.00001, 0.00001, 10000000, 20, 8, 8,
     '{LIMIT,LIMIT_MAKER,MARKET,STOP_LOSS_LIMIT,TAKE_PROFIT_LIMIT}', '{}', '2018-02-10T02:40:25.348Z');

-- Only now: the walls hold for whoever migrates as well.
alter table instruments enable row level security;
alter table instruments force row level security;
create policy read on instruments for select to botcriptofy_app using (true);
create policy system on instruments to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select on instruments to botcriptofy_app;
grant select, insert, update on instruments to botcriptofy_system;

-- Candles that a tenant has fetched from an exchange.
create table backfills (
    tenant_id uuid not null default current_tenant(),
    -- its job's id as well: what has become of it stands in `jobs` alone
    id uuid not null references jobs (id),
    exchange text not null,
    symbol text not null,
    timeframe text not null,
    -- only where candles are missing between those that are there
    only_gaps boolean not null,
    from_time timestamptz not null,
    to_time timestamptz not null,
    -- all before has been fetched and is stored
    reached timestamptz not null,
    imported bigint not null default 0,
    updated bigint not null default 0,
    created_by uuid,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    check (from_time < to_time and reached between from_time and to_time)
);
select protect_tenant_table('backfills');
