-- How much live bots may venture together, when they were halted, and what their days have brought.

create table risk_limits (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    -- the quote currency that the amounts are in
    currency text not null check (currency ~ '^[A-Z0-9]{1,20}$'),
    max_order_notional numeric check (max_order_notional > 0),
    max_position_notional numeric check (max_position_notional > 0),
    max_exposure numeric check (max_exposure > 0),
    max_orders_per_minute integer check (max_orders_per_minute > 0),
    max_daily_loss numeric check (max_daily_loss > 0),
    max_drawdown_percent numeric check (max_drawdown_percent > 0),
    price_collar numeric check (price_collar > 0),
    updated_at timestamptz not null,
    primary key (tenant_id, currency)
);
select protect_tenant_table('risk_limits');

-- The most that any tenant may.
create table risk_platform_limits (
    currency text primary key check (currency ~ '^[A-Z0-9]{1,20}$'),
    max_order_notional numeric check (max_order_notional > 0),
    max_position_notional numeric check (max_position_notional > 0),
    max_exposure numeric check (max_exposure > 0),
    max_orders_per_minute integer check (max_orders_per_minute > 0),
    max_daily_loss numeric check (max_daily_loss > 0),
    max_drawdown_percent numeric check (max_drawdown_percent > 0),
    price_collar numeric check (price_collar > 0),
    updated_at timestamptz not null
);
alter table risk_platform_limits enable row level security;
alter table risk_platform_limits force row level security;
-- what binds everybody is everybody's to read
create policy read on risk_platform_limits for select to botcriptofy_app using (true);
create policy system on risk_platform_limits to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select on risk_platform_limits to botcriptofy_app;
grant select, insert, update, delete on risk_platform_limits to botcriptofy_system;

-- While one holds, live bots of the tenant make no entries.
create table risk_halts (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    id uuid not null,
    cause text not null check (cause in ('dailyLoss', 'drawdown', 'manual')),
    -- null: of every currency
    currency text,
    message text not null check (length(message) between 1 and 500),
    at timestamptz not null,
    made_by uuid,
    -- when it ends by itself, if it does
    until timestamptz,
    lifted_at timestamptz,
    lifted_by uuid,
    primary key (tenant_id, id)
);
create index risk_halts_in_force on risk_halts (tenant_id, at) where lifted_at is null;
select protect_tenant_table('risk_halts');
revoke delete on risk_halts from botcriptofy_app, botcriptofy_system;

-- While one holds, live bots of all tenants make no entries.
create table risk_platform_halts (
    id uuid primary key,
    message text not null check (length(message) between 1 and 500),
    -- what becomes of the bots besides
    stop text not null check (stop in ('none', 'keep', 'sell')),
    at timestamptz not null,
    made_by uuid,
    lifted_at timestamptz,
    lifted_by uuid
);
create index risk_platform_halts_in_force on risk_platform_halts (at) where lifted_at is null;
alter table risk_platform_halts enable row level security;
alter table risk_platform_halts force row level security;
create policy read on risk_platform_halts for select to botcriptofy_app using (true);
create policy system on risk_platform_halts to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select on risk_platform_halts to botcriptofy_app;
grant select, insert, update on risk_platform_halts to botcriptofy_system;

-- What a live bot had earned since it was made, at the beginning of a UTC day and when it last told. No reference to
-- the bot: that it is deleted hides no loss.
create table risk_days (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    currency text not null,
    day date not null,
    bot_id uuid not null,
    opening numeric not null,
    latest numeric not null,
    primary key (tenant_id, day, currency, bot_id)
);
create index risk_days_of_bot on risk_days (tenant_id, bot_id, day);
select protect_tenant_table('risk_days');
revoke delete on risk_days from botcriptofy_app;

-- What all live bots of a currency have earned, and the most that it ever was.
create table risk_peaks (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    currency text not null,
    profit numeric not null,
    -- since a halt for its sake was last lifted
    peak numeric not null check (peak >= profit),
    -- so much of a day's loss was forgiven, when a halt for its sake was lifted
    forgiven numeric not null default 0 check (forgiven >= 0),
    forgiven_on date,
    primary key (tenant_id, currency)
);
select protect_tenant_table('risk_peaks');
revoke delete on risk_peaks from botcriptofy_app;

-- The entries of the last minutes, by which their rate is known.
create table risk_admissions (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    id uuid not null,
    currency text not null,
    at timestamptz not null,
    orders integer not null check (orders > 0),
    primary key (tenant_id, id)
);
create index risk_admissions_by_time on risk_admissions (tenant_id, currency, at);
select protect_tenant_table('risk_admissions');

-- whether its runner has heard that it is halted
alter table bots add column halted boolean not null default false;

-- What each bot of the tenant holds, and what its waiting purchases would cost.
create view risk_positions with (security_invoker) as
select b.tenant_id, b.id as bot_id, b.name, b.mode, b.status, b.exchange, p.symbol,
       split_part(p.symbol, '/', 2) as currency, p.initial_cash as capital, p.quantity, p.mark_price,
       p.quantity * coalesce(p.mark_price, 0) as value, coalesce(o.purchases, 0) as purchases
from bots b
join positions p on p.tenant_id = b.tenant_id and p.bot_id = b.id
left join lateral (
    select sum(greatest(coalesce(o.quote - o.filled_quantity * coalesce(o.average_price, 0),
                                 (o.quantity - o.filled_quantity) * coalesce(o.price, o.trigger_price, p.mark_price)), 0))
               as purchases
    from orders o
    where o.tenant_id = b.tenant_id and o.bot_id = b.id and o.purpose = 'entry'
      and o.status in ('pending', 'submitted', 'accepted', 'partiallyFilled')
) o on true
where b.tenant_id = current_tenant();
grant select on risk_positions to botcriptofy_app;
