-- A tenant goes with all that is its own, but not while its bots run. Its trail stays.

alter table strategies add foreign key (tenant_id) references tenants (id) on delete cascade;
alter table backtests add foreign key (tenant_id) references tenants (id) on delete cascade;
create index sessions_of_active_tenant on sessions (active_tenant_id) where active_tenant_id is not null;
create index users_of_default_tenant on users (default_tenant_id);

create function refuse_while_bots_run() returns trigger language plpgsql as $$
begin
    -- whoever starts one at this moment is waited for
    perform from bots where tenant_id = old.id for update;
    if exists (select from bots where tenant_id = old.id and status in ('running', 'paused', 'stopping')) then
        raise exception 'bots of tenant % run', old.id
            using errcode = 'restrict_violation', constraint = 'tenants_bots_run';
    end if;
    -- what it still wants done is not done
    update jobs set cancel_requested = true, status = case status when 'queued' then 'cancelled' else status end
    where tenant_id = old.id and status in ('queued', 'running');
    return old;
end
$$;
create trigger refuse_while_bots_run before delete on tenants for each row execute function refuse_while_bots_run();
