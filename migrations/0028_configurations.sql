-- What people set while the platform runs, and which features are on for whom.

-- Every version of every setting; the last one holds.
create table setting_versions (
    -- a tenant's, a user's or, without either, the platform's
    tenant_id uuid default current_tenant() references tenants (id) on delete cascade,
    user_id uuid references users (id) on delete cascade,
    owner_id uuid not null
        generated always as (coalesce(user_id, tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) stored,
    name text not null,
    version integer not null check (version > 0),
    -- without either it is as if it had never been set
    value jsonb,
    sealed bytea,
    changed_by uuid,
    changed_at timestamptz not null,
    primary key (owner_id, name, version),
    check (num_nonnulls(tenant_id, user_id) <= 1),
    check (num_nonnulls(value, sealed) <= 1)
);
create index setting_versions_of_tenant on setting_versions (tenant_id) where tenant_id is not null;
create index setting_versions_of_user on setting_versions (user_id) where user_id is not null;

alter table setting_versions enable row level security;
alter table setting_versions force row level security;
create policy own on setting_versions for select to botcriptofy_app using (user_id = current_user_id());
create policy tenant on setting_versions for select to botcriptofy_app using (tenant_id = current_tenant());
-- what the platform sets is everybody's to read
create policy platform on setting_versions for select to botcriptofy_app using (num_nonnulls(tenant_id, user_id) = 0);
create policy add on setting_versions for insert to botcriptofy_app with check (
    tenant_id is null and user_id = current_user_id() or user_id is null and tenant_id = current_tenant());
create policy read_all on setting_versions for select to botcriptofy_system using (acts_as_system());
create policy add_any on setting_versions for insert to botcriptofy_system with check (acts_as_system());
grant select, insert on setting_versions to botcriptofy_app, botcriptofy_system;
create trigger immutable before update on setting_versions for each statement execute function refuse_change();
create trigger announce after insert or delete on setting_versions
    for each row execute function announce_change('owner_id');

-- Every version of every feature flag; the last one holds.
create table feature_flags (
    key text not null,
    version integer not null check (version > 0),
    -- null: it was removed
    definition jsonb,
    changed_by uuid,
    changed_at timestamptz not null,
    primary key (key, version)
);
alter table feature_flags enable row level security;
alter table feature_flags force row level security;
create policy read on feature_flags for select to botcriptofy_app using (true);
create policy read_all on feature_flags for select to botcriptofy_system using (acts_as_system());
create policy add on feature_flags for insert to botcriptofy_system with check (acts_as_system());
grant select on feature_flags to botcriptofy_app;
grant select, insert on feature_flags to botcriptofy_system;
create trigger append_only before update or delete or truncate on feature_flags
    for each statement execute function refuse_change();

create function announce_flags() returns trigger language plpgsql as $$
begin
    perform pg_notify('forget', '00000000-0000-0000-0000-000000000000');
    return null;
end
$$;
create trigger announce after insert on feature_flags for each statement execute function announce_flags();

-- What tenants chose where a flag leaves it to them.
create table feature_flag_choices (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    flag_key text not null,
    enabled boolean not null,
    changed_by uuid,
    changed_at timestamptz not null,
    primary key (tenant_id, flag_key)
);
select protect_tenant_table('feature_flag_choices');
create trigger announce after insert or update or delete on feature_flag_choices
    for each row execute function announce_change('tenant_id');
