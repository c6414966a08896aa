-- What bots hold and how their worth went. All of it follows from the fills.

create table positions (
    tenant_id uuid not null default current_tenant(),
    bot_id uuid not null,
    symbol text not null,
    initial_cash numeric not null check (initial_cash > 0),
    cash numeric not null check (cash >= 0),
    quantity numeric not null check (quantity >= 0),
    -- what the coins held cost, buying fees included
    cost numeric not null check (cost >= 0),
    realised_pnl numeric not null,
    fees numeric not null check (fees >= 0),
    -- the last close that the bot has seen
    mark_price numeric check (mark_price > 0),
    updated_at timestamptz not null,
    primary key (tenant_id, bot_id, symbol)
);
select protect_tenant_table('positions');

create table equity_points (
    tenant_id uuid not null default current_tenant(),
    bot_id uuid not null,
    at timestamptz not null,
    equity numeric not null,
    cash numeric not null,
    position_value numeric not null,
    primary key (tenant_id, bot_id, at)
);
select protect_tenant_table('equity_points');
revoke update, delete on equity_points from botcriptofy_app, botcriptofy_system;
