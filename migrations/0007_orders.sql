-- What bots wanted to trade and what came of it.

create table orders (
    tenant_id uuid not null default current_tenant(),
    id uuid not null,
    -- our name for it at the venue: the same decision gets the same name, however often it is taken
    client_order_id text not null check (length(client_order_id) between 1 and 36),
    bot_id uuid not null,
    symbol text not null,
    side text not null check (side in ('buy', 'sell')),
    kind text not null check (kind in ('market', 'limit', 'stopMarket')),
    price numeric check (price > 0),
    trigger_price numeric check (trigger_price > 0),
    -- so many coins, or as many as this much quote currency buys
    quantity numeric check (quantity > 0),
    quote numeric check (quote > 0),
    filled_quantity numeric not null default 0 check (filled_quantity >= 0),
    average_price numeric check (average_price > 0),
    status text not null check (status in
        ('pending', 'submitted', 'accepted', 'partiallyFilled', 'filled', 'cancelled', 'rejected', 'expired')),
    purpose text not null,
    -- why it was cancelled, rejected or expired
    reason text,
    -- moments of the bot's feed: in a replay they lie in the past
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint orders_client_order_id_taken unique (tenant_id, client_order_id),
    constraint orders_one_size check ((quantity is null) <> (quote is null)),
    constraint orders_limit_price check ((kind = 'limit') = (price is not null)),
    constraint orders_trigger_price check ((kind = 'stopMarket') = (trigger_price is not null)),
    constraint orders_average_of_fills check ((filled_quantity = 0) = (average_price is null)),
    constraint orders_filled_by_fills check (status not in ('filled', 'partiallyFilled') or filled_quantity > 0),
    constraint orders_unfilled_before_venue check (status not in ('pending', 'submitted', 'rejected') or filled_quantity = 0)
);
create index orders_by_time on orders (tenant_id, created_at, id);
create index orders_of_bot on orders (tenant_id, bot_id, created_at, id);
create index orders_open on orders (tenant_id, bot_id)
    where status in ('pending', 'submitted', 'accepted', 'partiallyFilled');
select protect_tenant_table('orders');

-- The steps between states that exist. One transaction may take several at once, so each state
-- lists all that can follow; a test compares this with the table in the trading core.
create function refuse_order_step() returns trigger language plpgsql as $$
begin
    if not (case old.status
        when 'pending' then true
        when 'submitted' then new.status <> 'pending'
        when 'accepted' then new.status not in ('pending', 'submitted')
        when 'partiallyFilled' then new.status in ('filled', 'cancelled', 'expired')
        else false
    end) then
        raise exception 'an order that is % cannot become %', old.status, new.status
            using errcode = 'check_violation', constraint = 'orders_step';
    end if;
    return new;
end
$$;
create trigger step before update of status on orders for each row
    when (old.status is distinct from new.status) execute function refuse_order_step();

create table fills (
    tenant_id uuid not null default current_tenant(),
    id uuid not null,
    order_id uuid not null,
    bot_id uuid not null,
    -- counts the executions of the order from 1
    trade_number integer not null check (trade_number > 0),
    price numeric not null check (price > 0),
    quantity numeric not null check (quantity > 0),
    fee numeric not null check (fee >= 0),
    fee_asset text not null,
    maker boolean not null,
    -- whether no further fill of the order follows
    done boolean not null,
    at timestamptz not null,
    primary key (tenant_id, id),
    constraint fills_once unique (tenant_id, order_id, trade_number),
    foreign key (tenant_id, order_id) references orders (tenant_id, id) on delete cascade
);
create index fills_by_time on fills (tenant_id, at, id);
create index fills_of_bot on fills (tenant_id, bot_id, at, id);
select protect_tenant_table('fills');
-- what was executed stays executed; only with its order does a fill go
revoke update, delete on fills from botcriptofy_app, botcriptofy_system;
