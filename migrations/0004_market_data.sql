-- Series of candles, and the candles.

create table candle_series (
    id uuid primary key,
    -- null: the platform's own, which every tenant reads and none changes
    tenant_id uuid default current_tenant() references tenants (id) on delete cascade,
    exchange text not null check (exchange ~ '^[a-z0-9-]{1,32}$'),
    symbol text not null check (symbol ~ '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    timeframe text not null check (timeframe in
        ('1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M')),
    first_open_time timestamptz,
    last_open_time timestamptz,
    candle_count bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint candle_series_taken unique nulls not distinct (tenant_id, exchange, symbol, timeframe)
);
select protect_tenant_table('candle_series', 'tenant_id is null');

-- The one large table, without a tenant of its own and without row level security: PostgreSQL
-- refuses `copy` into a table that has it, and a policy would be asked for each of a million
-- rows. Whose a candle is, its series says; a series is found through row level security only, and
-- candles are asked for by a series that was found. There is no foreign key for the same reason: its
-- check would run for each row. A trigger deletes the candles with their series instead.
create table candles (
    series_id uuid not null,
    open_time timestamptz not null,
    open numeric not null,
    high numeric not null,
    low numeric not null,
    close numeric not null,
    volume numeric not null,
    primary key (series_id, open_time)
) partition by range (open_time);
-- The partitions are granted to nobody: they are reached through the table alone.
grant select, insert, delete on candles to botcriptofy_app, botcriptofy_system;

create function forget_candles() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    delete from candles where series_id = old.id;
    return null;
end
$$;
create trigger forget_candles after delete on candle_series for each row execute function forget_candles();

-- Makes the yearly partitions for candles from the first to the last of these times. They are
-- attached, not created in place, since that would lock out every reader until the commit.
create function ensure_candle_partitions(first timestamptz, last timestamptz) returns void language plpgsql
security definer set search_path = public, pg_temp as $$
declare
    years int4range := int4range(
        extract(year from first at time zone 'UTC')::integer, extract(year from last at time zone 'UTC')::integer, '[]');
    missing integer[];
    year integer;
begin
    if first is null or last is null or not years <@ int4range(1990, 2100) then
        raise exception 'candles are kept for the years 1990 to 2099' using errcode = 'datetime_field_overflow';
    end if;
    missing := candle_years_missing(years);
    if missing = '{}' then
        return;
    end if;
    -- one at a time; another may have made them meanwhile
    lock table candles in share update exclusive mode;
    missing := candle_years_missing(years);
    foreach year in array missing loop
        execute format('create table %I (like candles including all)', 'candles_' || year);
        execute format('alter table candles attach partition %I for values from (%L) to (%L)', 'candles_' || year,
            year || '-01-01T00:00:00Z', year + 1 || '-01-01T00:00:00Z');
    end loop;
end
$$;

create function candle_years_missing(years int4range) returns integer[] language sql stable as $$
    select coalesce(array_agg(year order by year), '{}')
    from generate_series(lower(years), upper(years) - 1) year
    where to_regclass('public.candles_' || year) is null
$$;

revoke execute on function forget_candles, ensure_candle_partitions, candle_years_missing from public;
grant execute on function ensure_candle_partitions to botcriptofy_app, botcriptofy_system;
