-- What was done, by whom, from where. Entries are added and read; nobody's role may change or remove one.

create table audit_entries (
    id uuid primary key,
    -- null: the platform's own, or a user's outside any tenant
    tenant_id uuid default current_tenant(),
    at timestamptz not null,
    actor_id uuid,
    action text not null,
    resource text not null,
    resource_id text,
    before jsonb,
    after jsonb,
    ip text,
    user_agent text,
    correlation_id text not null
);
create index audit_entries_of_tenant on audit_entries (tenant_id, id);
create index audit_entries_of_resource on audit_entries (tenant_id, resource, resource_id, id);

alter table audit_entries enable row level security;
alter table audit_entries force row level security;
create policy read on audit_entries for select to botcriptofy_app using (tenant_id = current_tenant());
create policy add on audit_entries for insert to botcriptofy_app, botcriptofy_system
    with check (tenant_id is not distinct from current_tenant());
create policy system on audit_entries for select to botcriptofy_system using (acts_as_system());
grant select, insert on audit_entries to botcriptofy_app, botcriptofy_system;

-- Not even the owner of the table changes an entry by mistake.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger append_only before update or delete or truncate on audit_entries
    for each statement execute function refuse_change();
