-- Bots of several symbols: each symbol is a lane of the bot's one account.

alter table bots drop constraint bots_kind_check;
alter table bots add constraint bots_kind_check
    check (kind in ('strategy', 'script', 'grid', 'dca', 'rebalance', 'signal'));

-- in the order of the lanes
alter table bots add column symbols text[];
alter table bots rename column instrument to instruments;
-- the owner of the tables is held to their policies, too
alter table bots no force row level security;
update bots set symbols = array[symbol], instruments = jsonb_build_array(instruments);
update bots set instruments = null where instruments = '[null]'::jsonb;
alter table bots force row level security;
alter table bots
    alter column symbols set not null,
    drop column symbol,
    add constraint bots_trade_something check (cardinality(symbols) between 1 and 20);

alter table bot_journal
    -- which lane took it in
    add column lane smallint not null default 0 check (lane >= 0);

alter table bot_signals
    -- what it is about; null: all that the bot trades
    add column symbol text;

-- the cash of an account is with its first symbol
alter table positions drop constraint positions_initial_cash_check;
alter table positions add constraint positions_initial_cash_check check (initial_cash >= 0);

create or replace view risk_positions with (security_invoker) as
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
    where o.tenant_id = b.tenant_id and o.bot_id = b.id and o.symbol = p.symbol and o.purpose = 'entry'
      and o.status in ('pending', 'submitted', 'accepted', 'partiallyFilled')
) o on true
where b.tenant_id = current_tenant();
