-- A bot is of the kind that its document is of.

alter table bots drop constraint bots_kind_check;
alter table bots add constraint bots_kind_check check (kind in ('strategy', 'script', 'grid', 'dca', 'signal'));
