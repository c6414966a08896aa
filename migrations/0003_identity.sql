-- Users, their tenants and their sessions.

create table users (
    id uuid primary key,
    email text not null constraint users_email_taken unique check (email = lower(email)),
    name text not null,
    image text,
    email_verified boolean not null default false,
    -- on the whole platform; the role in a tenant stands in tenant_members
    role text not null default 'user' check (role in ('user', 'admin', 'super_admin')),
    locale text not null default 'en',
    time_zone text not null default 'UTC',
    currency text not null default 'USD',
    default_tenant_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
select protect_user_table('users', 'id');

create table tenants (
    id uuid primary key,
    kind text not null check (kind in ('company', 'trader', 'influencer')),
    name text not null,
    slug text not null constraint tenants_slug_taken unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    created_at timestamptz not null,
    updated_at timestamptz not null
);
alter table users add foreign key (default_tenant_id) references tenants (id) on delete set null;

-- A role of a tenant's own making: the permissions it holds, by name.
create table tenant_roles (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    name text not null,
    permissions text[] not null,
    primary key (tenant_id, name)
);
select protect_tenant_table('tenant_roles');

create table tenant_members (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    role text not null,
    created_at timestamptz not null,
    primary key (tenant_id, user_id)
);
create index tenant_members_of_user on tenant_members (user_id);
-- a user sees the own memberships in every tenant
select protect_tenant_table('tenant_members', 'user_id = current_user_id()');
-- whoever works in a tenant sees who else does
create policy colleague on users for select to botcriptofy_app
    using (id in (select user_id from tenant_members where tenant_id = current_tenant()));

alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant on tenants to botcriptofy_app using (id = current_tenant()) with check (id = current_tenant());
create policy member on tenants for select to botcriptofy_app
    using (id in (select tenant_id from tenant_members where user_id = current_user_id()));
create policy system on tenants to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select, update, delete on tenants to botcriptofy_app;
grant select, insert, update, delete on tenants to botcriptofy_system;

-- How a user proves who they are: one row a provider.
create table accounts (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    provider text not null,
    account_id text not null,
    password_hash text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint accounts_taken unique (provider, account_id)
);
create index accounts_of_user on accounts (user_id);
select protect_user_table('accounts', 'user_id');

create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    -- SHA-256 of the token; the token itself is nowhere but with the user
    token_hash bytea not null unique,
    remembered boolean not null default true,
    ip text,
    user_agent text,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index sessions_of_user on sessions (user_id);
select protect_user_table('sessions', 'user_id');

-- Who holds these sessions, and their place in the tenants that they ask for: the one question that is
-- answered before anybody has been recognised. It knows only who knows the secret. Those who ask at the
-- same time are answered together; `asked` says whose answer a row is, from 1.
create function identify(secret_hashes bytea[], at timestamptz, wanted_ids uuid[], wanted_slugs text[])
returns table (
    asked bigint,
    session_id uuid, session_created_at timestamptz, session_updated_at timestamptz, expires_at timestamptz,
    remembered boolean, ip text, user_agent text,
    user_id uuid, email text, user_name text, image text, email_verified boolean, user_role text,
    locale text, time_zone text, currency text,
    user_created_at timestamptz, user_updated_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_kind text, member_role text, role_permissions text[]
)
language plpgsql stable security definer set search_path = public, pg_temp
-- every request asks this: to plan it anew costs ten times what it costs to answer it
set plan_cache_mode = force_generic_plan as $$
begin
    return query
    select wish.asked, found.*
    from unnest(secret_hashes, wanted_ids, wanted_slugs) with ordinality wish (hash, tenant, slug, asked)
    cross join lateral (
        select s.id, s.created_at, s.updated_at, s.expires_at, s.remembered, s.ip, s.user_agent,
               u.id, u.email, u.name, u.image, u.email_verified, u.role, u.locale, u.time_zone, u.currency,
               u.created_at, u.updated_at,
               t.id, t.name, t.kind, m.role, r.permissions
        from sessions s
        join users u on u.id = s.user_id
        left join tenants t on t.id = case
            when wish.tenant is not null then wish.tenant
            when wish.slug is not null then (select w.id from tenants w where w.slug = wish.slug)
            else u.default_tenant_id
        end
        left join tenant_members m on m.tenant_id = t.id and m.user_id = u.id
        left join tenant_roles r on r.tenant_id = m.tenant_id and r.name = m.role
        where s.token_hash = wish.hash and s.expires_at > at
        -- keeps this a search by key for each wish, whatever the tables' sizes
        limit 1
    ) found;
end
$$;
grant create on schema public to botcriptofy_system;
alter function identify owner to botcriptofy_system;
revoke create on schema public from botcriptofy_system;
revoke execute on function identify from public;
grant execute on function identify to botcriptofy_app;
