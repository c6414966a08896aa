-- Trades: one by one, or as exchanges tell those of one order at one price as one.

create table trade_series (
    id uuid primary key,
    -- null: the platform's own, which every tenant reads and none changes
    tenant_id uuid default current_tenant() references tenants (id) on delete cascade,
    exchange text not null check (exchange ~ '^[a-z0-9-]{1,32}$'),
    symbol text not null check (symbol ~ '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    -- the numbers of the two kinds have nothing to do with each other
    kind text not null check (kind in ('single', 'aggregate')),
    first_trade_id bigint,
    last_trade_id bigint,
    first_trade_time timestamptz,
    last_trade_time timestamptz,
    trade_count bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint trade_series_taken unique nulls not distinct (tenant_id, exchange, symbol, kind)
);
select protect_tenant_table('trade_series', 'tenant_id is null');

-- Without a tenant of its own and without row level security, for the reasons of `candles`: reached by a series that
-- was found, deleted with it by a trigger.
create table trades (
    series_id uuid not null,
    trade_id bigint not null,
    time timestamptz not null,
    price numeric not null,
    quantity numeric not null,
    -- null: price times quantity
    quote numeric,
    buyer_is_maker boolean not null,
    -- of an aggregate: the trades that it is made of
    first_id bigint,
    last_id bigint,
    -- as in `candles`; nobody derives a trade
    origin smallint not null constraint trades_origin_known check (origin between 2 and 3),
    -- the time is only there because the table is partitioned by it: whoever writes sees to it that a number is
    -- there once
    primary key (series_id, trade_id, time)
) partition by range (time);
create index trades_by_time on trades (series_id, time, trade_id);
-- The partitions are granted to nobody: they are reached through the table alone.
grant select, insert, delete on trades to botcriptofy_app, botcriptofy_system;

create function forget_trades() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    delete from trades where series_id = old.id;
    return null;
end
$$;
create trigger forget_trades after delete on trade_series for each row execute function forget_trades();

-- Makes the yearly partitions of tables from the first to the last of these times. They are attached, not created in
-- place, since that would lock out every reader until the commit.
create function ensure_years(parents text[], first timestamptz, last timestamptz) returns void language plpgsql
security definer set search_path = public, pg_temp as $$
declare
    years int4range := int4range(
        extract(year from first at time zone 'UTC')::integer, extract(year from last at time zone 'UTC')::integer, '[]');
    parent text;
    year integer;
begin
    if first is null or last is null or not years <@ int4range(1990, 2100) then
        raise exception 'market data is kept for the years 1990 to 2099' using errcode = 'datetime_field_overflow';
    end if;
    if not years_missing(parents, years) then
        return;
    end if;
    -- one at a time; another may have made them meanwhile
    execute format('lock table %I in share update exclusive mode', parents[1]);
    for year, parent in select * from generate_series(lower(years), upper(years) - 1), unnest(parents) loop
        continue when to_regclass('public.' || parent || '_' || year) is not null;
        execute format('create table %I (like %I including all)', parent || '_' || year, parent);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, parent || '_' || year,
            year || '-01-01T00:00:00Z', year + 1 || '-01-01T00:00:00Z');
    end loop;
end
$$;

create function years_missing(parents text[], years int4range) returns boolean language sql stable as $$
    select exists (
        select from generate_series(lower(years), upper(years) - 1) year, unnest(parents) parent
        where to_regclass('public.' || parent || '_' || year) is null)
$$;

create or replace function ensure_candle_partitions(first timestamptz, last timestamptz) returns void language sql
security definer set search_path = public, pg_temp as $$
    select ensure_years(array['candles', 'candle_rollups'], first, last)
$$;
drop function candle_years_missing;

create function ensure_trade_partitions(first timestamptz, last timestamptz) returns void language sql
security definer set search_path = public, pg_temp as $$
    select ensure_years(array['trades'], first, last)
$$;

-- The tables are not for callers to choose.
revoke execute on function forget_trades, ensure_years, years_missing, ensure_trade_partitions from public;
grant execute on function ensure_trade_partitions to botcriptofy_app, botcriptofy_system;

-- Backfills fetch candles, or trades by their numbers.
alter table backfills
    add column kind text not null default 'candles' check (kind in ('candles', 'trades')),
    -- of trades: the number with which it goes on; null before the first
    add column next_id bigint check (next_id >= 0),
    alter column timeframe drop not null,
    add constraint backfills_timeframe_said check ((timeframe is not null) = (kind = 'candles'));
