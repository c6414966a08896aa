-- Bots that trade on an account of their tenant's, or on paper, as the market goes.

alter table bots drop constraint bots_mode_check;
alter table bots add constraint bots_mode_check check (mode in ('paper', 'live'));
-- by which connection a live bot trades
alter table bots add column connection_id uuid;
alter table bots add constraint bots_connection foreign key (tenant_id, connection_id)
    references exchange_connections (tenant_id, id);
alter table bots add constraint bots_live_by_a_connection check ((mode = 'live') = (connection_id is not null));
-- how much it may venture
alter table bots add column limits jsonb not null default '{}';
create index bots_of_connection on bots (tenant_id, connection_id) where connection_id is not null;
