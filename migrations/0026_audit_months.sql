-- The trail by months, each entry with a signature over all that it says. Identifiers begin with their moment, so a
-- month's entries are those between two identifiers.

-- The least identifier of a moment.
create function first_id_of(moment timestamptz) returns uuid language sql stable parallel safe
    return (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

alter table audit_entries rename to audit_entries_old;
alter index audit_entries_pkey rename to audit_entries_old_pkey;
alter index audit_entries_of_tenant rename to audit_entries_old_of_tenant;
alter index audit_entries_of_resource rename to audit_entries_old_of_resource;
alter index audit_entries_of_actor rename to audit_entries_old_of_actor;
-- the copy below is to see all rows
alter table audit_entries_old no force row level security;

create table audit_entries (
    id uuid primary key,
    -- null: the platform's own, or a user's outside any tenant
    tenant_id uuid default current_tenant(),
    at timestamptz not null,
    actor_id uuid,
    -- who really acted, where an administrator acted as another user
    impersonator_id uuid,
    -- by which key it was done
    api_key_id uuid,
    action text not null,
    resource text not null,
    resource_id text,
    -- json and not jsonb: what is signed is read back as it was written, letter by letter
    before json,
    after json,
    ip text,
    user_agent text,
    correlation_id text not null,
    -- null: from before entries were signed
    signature bytea
) partition by range (id);
create index audit_entries_of_tenant on audit_entries (tenant_id, id);
create index audit_entries_of_resource on audit_entries (tenant_id, resource, resource_id, id);
-- what a user did is told to them
create index audit_entries_of_actor on audit_entries (actor_id, id);

alter table audit_entries enable row level security;
alter table audit_entries force row level security;
create policy read on audit_entries for select to botcriptofy_app using (tenant_id = current_tenant());
create policy add on audit_entries for insert to botcriptofy_app, botcriptofy_system
    with check (tenant_id is not distinct from current_tenant());
create policy system on audit_entries for select to botcriptofy_system using (acts_as_system());
grant select, insert on audit_entries to botcriptofy_app, botcriptofy_system;
create trigger append_only before update or delete or truncate on audit_entries
    for each statement execute function refuse_change();

-- A part of the trail is reached through the whole: by itself it shows nothing to anybody and takes no change.
create function protect_audit_part(name text) returns void language plpgsql as $$
begin
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create trigger append_only before update or delete or truncate on %I
                    for each statement execute function refuse_change()', name);
end
$$;

-- What falls in no month that there is, so that an entry is never turned away.
create table audit_entries_other partition of audit_entries default;
select protect_audit_part('audit_entries_other');

-- Makes the part for a month. One of which entries lie among the others already stays there.
create function make_audit_month(moment timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
    first timestamp := date_trunc('month', moment at time zone 'UTC');
    name text := 'audit_entries_' || to_char(first, 'YYYY_MM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    execute format('create table %I partition of audit_entries for values from (%L) to (%L)', name,
        first_id_of(first at time zone 'UTC'), first_id_of((first + interval '1 month') at time zone 'UTC'));
    perform protect_audit_part(name);
exception when check_violation or duplicate_table then null;
end
$$;
revoke execute on function make_audit_month, protect_audit_part from public;
grant execute on function make_audit_month to botcriptofy_system;

select make_audit_month(month)
from generate_series(
    date_trunc('month', coalesce((select min(at) from audit_entries_old), now())), now() + interval '3 months', '1 month'
) month;

insert into audit_entries (id, tenant_id, at, actor_id, impersonator_id, api_key_id, action, resource, resource_id,
                           before, after, ip, user_agent, correlation_id)
select id, tenant_id, at, actor_id, impersonator_id, api_key_id, action, resource, resource_id,
       before::text::json, after::text::json, ip, user_agent, correlation_id
from audit_entries_old;
drop table audit_entries_old;
