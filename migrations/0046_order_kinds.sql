-- Orders of more kinds: which of them have a worst price and which one that they wait for. A
-- trailing stop may wait for one.

alter table orders
    drop constraint orders_kind_check,
    drop constraint orders_limit_price,
    drop constraint orders_trigger_price,
    add constraint orders_kind_check check (kind in
        ('market', 'limit', 'limitMaker', 'stopMarket', 'stopLimit', 'takeProfitMarket', 'takeProfitLimit',
         'trailingStop')),
    add constraint orders_limit_price check
        ((kind in ('limit', 'limitMaker', 'stopLimit', 'takeProfitLimit')) = (price is not null)),
    add constraint orders_trigger_price check
        (kind = 'trailingStop'
         or (kind in ('stopMarket', 'stopLimit', 'takeProfitMarket', 'takeProfitLimit')) = (trigger_price is not null));
