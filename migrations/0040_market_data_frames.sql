-- Candles of every time frame, where they come from, and what was corrected.

-- 1: summed from others or filled in by a repair, 2: of a file, 3: closed by the exchange. What comes
-- from a lower place never changes what is there from a higher one.
alter table candles add column origin smallint not null default 2
    constraint candles_origin_known check (origin between 1 and 3);

-- Hours and days of the series that have shorter candles, so that a long time in a long frame is few
-- rows. Whoever writes candles renews them in the same transaction, whole hours and days at a time.
-- Reached like `candles`: by a series that was found.
create table candle_rollups (
    series_id uuid not null,
    timeframe text not null,
    open_time timestamptz not null,
    open numeric not null,
    high numeric not null,
    low numeric not null,
    close numeric not null,
    volume numeric not null,
    primary key (series_id, timeframe, open_time)
) partition by range (open_time);
grant select, insert, delete on candle_rollups to botcriptofy_app, botcriptofy_system;

create or replace function forget_candles() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    delete from candles where series_id = old.id;
    delete from candle_rollups where series_id = old.id;
    return null;
end
$$;

-- Makes the yearly partitions of both tables, as before.
create or replace function ensure_candle_partitions(first timestamptz, last timestamptz) returns void language plpgsql
security definer set search_path = public, pg_temp as $$
declare
    years int4range := int4range(
        extract(year from first at time zone 'UTC')::integer, extract(year from last at time zone 'UTC')::integer, '[]');
    part text;
    year integer;
begin
    if first is null or last is null or not years <@ int4range(1990, 2100) then
        raise exception 'candles are kept for the years 1990 to 2099' using errcode = 'datetime_field_overflow';
    end if;
    if candle_years_missing(years) = '{}' then
        return;
    end if;
    -- one at a time; another may have made them meanwhile
    lock table candles in share update exclusive mode;
    foreach year in array candle_years_missing(years) loop
        foreach part in array array['candles', 'candle_rollups'] loop
            continue when to_regclass('public.' || part || '_' || year) is not null;
            execute format('create table %I (like %I including all)', part || '_' || year, part);
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', part, part || '_' || year,
                year || '-01-01T00:00:00Z', year + 1 || '-01-01T00:00:00Z');
        end loop;
    end loop;
end
$$;

create or replace function candle_years_missing(years int4range) returns integer[] language sql stable as $$
    select coalesce(array_agg(year order by year), '{}')
    from generate_series(lower(years), upper(years) - 1) year
    where to_regclass('public.candles_' || year) is null or to_regclass('public.candle_rollups_' || year) is null
$$;

-- What is stored already gets its hours and days.
select ensure_candle_partitions(min(first_open_time), max(last_open_time))
from candle_series having min(first_open_time) is not null;

insert into candle_rollups (series_id, timeframe, open_time, open, high, low, close, volume)
select c.series_id, longer.name, date_trunc(longer.unit, c.open_time, 'UTC'),
    (array_agg(c.open order by c.open_time))[1], max(c.high), min(c.low),
    (array_agg(c.close order by c.open_time desc))[1], sum(c.volume)
from candles c
join candle_series s on s.id = c.series_id
join (values ('1h', 'hour', array['1m', '3m', '5m', '15m', '30m']),
             ('1d', 'day', array['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h']))
    longer (name, unit, shorter) on s.timeframe = any(longer.shorter)
group by c.series_id, longer.name, date_trunc(longer.unit, c.open_time, 'UTC');

-- Every candle that was stored and then got other figures.
alter table candle_series add constraint candle_series_of_tenant unique (tenant_id, id);
create table candle_corrections (
    import_id uuid not null,
    open_time timestamptz not null,
    -- null: of the platform's own series
    tenant_id uuid default current_tenant() references tenants (id) on delete cascade,
    series_id uuid not null,
    old_open numeric not null,
    old_high numeric not null,
    old_low numeric not null,
    old_close numeric not null,
    old_volume numeric not null,
    old_origin smallint not null,
    new_open numeric not null,
    new_high numeric not null,
    new_low numeric not null,
    new_close numeric not null,
    new_volume numeric not null,
    new_origin smallint not null,
    corrected_by uuid default current_user_id(),
    corrected_at timestamptz not null,
    primary key (import_id, open_time),
    foreign key (tenant_id, series_id) references candle_series (tenant_id, id) on delete cascade
);
create index candle_corrections_of_series on candle_corrections (tenant_id, series_id, import_id, open_time);
select protect_tenant_table('candle_corrections', 'tenant_id is null');
-- the log grows only
revoke update, delete on candle_corrections from botcriptofy_app, botcriptofy_system;
