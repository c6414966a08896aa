-- Paper bots whose orders meet the book of the exchange.

-- those that are there go on as they were
alter table bots add column taker_fills text not null default 'candle' check (taker_fills in ('book', 'candle'));

-- Bots that start and stop by themselves.

alter table bots add column schedule jsonb;

-- Orders that were found at the exchange under a bot's name and were written nowhere.

alter table orders add column adopted boolean not null default false;
