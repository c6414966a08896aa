-- How a tenant is closed or suspended, and what becomes of the names it had.

alter table tenants
    -- when a closed one will be no more
    add erase_at timestamptz,
    add constraint tenants_closed_to_be_erased check ((closed_at is null) = (erase_at is null)),
    add constraint tenants_suspended_for_a_reason check ((suspended_at is null) = (suspension_reason is null));
create index tenants_by_time on tenants (created_at, id);

-- What is within a tenant says how it is called, never how it stands: that is for those who have been found to be its
-- owner or an operator of the platform.
revoke update, delete on tenants from botcriptofy_app;
grant update (name, slug, logo, metadata, updated_at) on tenants to botcriptofy_app;

-- The slugs that tenants have given up. Nobody else gets them for a while, so that links to them are not taken over. A
-- tenant that is no more keeps its own for as long.
create table tenant_slugs (
    tenant_id uuid not null default current_tenant(),
    slug text primary key,
    held_until timestamptz not null
);
create index tenant_slugs_of_tenant on tenant_slugs (tenant_id, held_until);
create index tenant_slugs_by_end on tenant_slugs (held_until);
select protect_tenant_table('tenant_slugs');
revoke insert, update, delete on tenant_slugs from botcriptofy_app;

-- After the fact, when the slug's uniqueness has made those wait who want the same one.
create function keep_slugs() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from tenant_slugs where held_until <= new.updated_at or (slug = new.slug and tenant_id = new.id);
    if exists (select from tenant_slugs where slug = new.slug) then
        raise exception 'the slug % is held', new.slug
            using errcode = 'unique_violation', constraint = 'tenants_slug_taken';
    end if;
    if tg_op = 'UPDATE' then
        insert into tenant_slugs (tenant_id, slug, held_until)
        values (new.id, old.slug, new.updated_at + interval '30 days');
    end if;
    return null;
end
$$;
create trigger keep_slugs after insert on tenants for each row execute function keep_slugs();
create trigger keep_changed_slugs after update of slug on tenants
    for each row when (old.slug <> new.slug) execute function keep_slugs();
grant create on schema public to botcriptofy_system;
alter function keep_slugs() owner to botcriptofy_system;
revoke create on schema public from botcriptofy_system;

-- What becomes of the bots of a tenant that stops or goes on, and of the sessions that are about one that is closed.
create function turn_tenant() returns trigger language plpgsql as $$
begin
    -- whoever starts one at this moment is waited for
    perform from bots where tenant_id = new.id for update;
    if new.closed_at is not null and old.closed_at is null
       and exists (select from bots where tenant_id = new.id and status in ('running', 'paused', 'stopping')) then
        raise exception 'bots of tenant % run', new.id
            using errcode = 'restrict_violation', constraint = 'tenants_bots_run';
    end if;
    -- whoever runs one loses it, and writes nothing more
    update bots set lease_owner = null, lease_until = null, lease_token = lease_token + 1
    where tenant_id = new.id and status in ('running', 'stopping');
    if new.closed_at is not null then
        update sessions set active_tenant_id = null where active_tenant_id = new.id;
    end if;
    return null;
end
$$;
create trigger turn_tenant after update of closed_at, suspended_at on tenants
    for each row when ((old.closed_at, old.suspended_at) is distinct from (new.closed_at, new.suspended_at))
    execute function turn_tenant();

-- Nobody runs the bots of a closed or suspended tenant, whatever their status: they hold nothing up.
create or replace function refuse_while_bots_run() returns trigger language plpgsql as $$
begin
    -- whoever starts one at this moment is waited for
    perform from bots where tenant_id = old.id for update;
    if old.closed_at is null and old.suspended_at is null
       and exists (select from bots where tenant_id = old.id and status in ('running', 'paused', 'stopping')) then
        raise exception 'bots of tenant % run', old.id
            using errcode = 'restrict_violation', constraint = 'tenants_bots_run';
    end if;
    -- what it still wants done is not done
    update jobs set cancel_requested = true, status = case status when 'queued' then 'cancelled' else status end
    where tenant_id = old.id and status in ('queued', 'running');
    return old;
end
$$;
