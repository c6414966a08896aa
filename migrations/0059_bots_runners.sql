-- Which processes run bots. A bot is its owner's as long as that lives: one row says so for all of its bots, however many
-- they are.

-- Nobody's in particular, and nothing is lost with it: a bot whose owner is not here is anybody's.
create unlogged table bot_runners (
    id uuid primary key,
    until timestamptz not null
);
grant select, insert, update, delete on bot_runners to botcriptofy_system;

alter table bots drop constraint bots_leased_to_somebody;
alter table bots drop column lease_until;

-- As before, but that a lease ends with its owner alone.
create or replace function turn_tenant() returns trigger language plpgsql as $$
begin
    -- whoever starts one at this moment is waited for
    perform from bots where tenant_id = new.id for update;
    if new.closed_at is not null and old.closed_at is null
       and exists (select from bots where tenant_id = new.id and status in ('running', 'paused', 'stopping')) then
        raise exception 'bots of tenant % run', new.id
            using errcode = 'restrict_violation', constraint = 'tenants_bots_run';
    end if;
    -- whoever runs one loses it, and writes nothing more
    update bots set lease_owner = null, lease_token = lease_token + 1
    where tenant_id = new.id and status in ('running', 'stopping');
    if new.closed_at is not null then
        update sessions set active_tenant_id = null where active_tenant_id = new.id;
    end if;
    return null;
end
$$;
