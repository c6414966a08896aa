-- Hours in which bots open positions, and copies of bots.

alter table bots add column hours jsonb;
-- what it was made like, which may be gone
alter table bots add column copied_from uuid;
create index bots_copied_from on bots (tenant_id, copied_from) where copied_from is not null;
