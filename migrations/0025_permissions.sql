-- What members may do beyond what their role gives them, and how a tenant stands.

alter table users drop constraint users_role_check;
alter table users add check (role in ('user', 'viewer', 'manager', 'admin', 'super_admin'));

-- A tenant that the platform has suspended, or that its owner has closed.
alter table tenants
    add suspended_at timestamptz,
    add suspension_reason text,
    add closed_at timestamptz;

-- A role on the whole platform of the operators' own making.
create table platform_roles (
    name text primary key,
    permissions text[] not null
);
alter table platform_roles enable row level security;
alter table platform_roles force row level security;
create policy system on platform_roles to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select, insert, update, delete on platform_roles to botcriptofy_system;

-- Roles that somebody has beside the first one: of the tenant's own making, or, without a tenant, of the platform's.
create table role_assignments (
    id uuid primary key,
    tenant_id uuid default current_tenant(),
    user_id uuid not null references users (id) on delete cascade,
    role text not null,
    expires_at timestamptz,
    created_by uuid,
    created_at timestamptz not null,
    platform_role text generated always as (case when tenant_id is null then role end) stored
        references platform_roles (name) on delete cascade,
    constraint role_assignments_taken unique nulls not distinct (tenant_id, user_id, role),
    foreign key (tenant_id, user_id) references tenant_members (tenant_id, user_id) on delete cascade,
    foreign key (tenant_id, role) references tenant_roles (tenant_id, name) on delete cascade
);
create index role_assignments_of_user on role_assignments (user_id);
select protect_tenant_table('role_assignments');

-- What is granted to or revoked from somebody directly: in a tenant, or, without one, on the whole platform.
create table permission_grants (
    id uuid primary key,
    tenant_id uuid default current_tenant(),
    user_id uuid not null references users (id) on delete cascade,
    permission text not null check (permission ~ '^[a-z][a-z_-]*:[a-z_]+$'),
    -- false: it is revoked, whatever else gives it
    granted boolean not null,
    reason text,
    expires_at timestamptz,
    created_by uuid,
    created_at timestamptz not null,
    constraint permission_grants_taken unique nulls not distinct (tenant_id, user_id, permission),
    foreign key (tenant_id, user_id) references tenant_members (tenant_id, user_id) on delete cascade
);
create index permission_grants_of_user on permission_grants (user_id);
select protect_tenant_table('permission_grants');

-- Whoever holds it may hold something else from now on. A change on the platform (no tenant) is of users too.
create trigger announce after insert or update or delete on role_assignments
    for each row execute function announce_change('user_id');
create trigger announce after insert or update or delete on permission_grants
    for each row execute function announce_change('user_id');
-- whom it is about is not known: everything is forgotten
create trigger announce after insert or update or delete on platform_roles
    for each row execute function announce_change('none');

-- Everything that gives or takes permissions beyond a member's role. Whatever else comes to give them, such as
-- departments, is added here. `tenant_id` null: on the whole platform.
create view rights with (security_invoker = true) as
    select user_id, tenant_id, case when granted then 'granted' else 'revoked' end as effect, 'grant' as source,
           array[permission] as permissions, expires_at
    from permission_grants
    union all
    select a.user_id, a.tenant_id, 'role', 'role:' || a.role, coalesce(r.permissions, p.permissions), a.expires_at
    from role_assignments a
    left join tenant_roles r on r.tenant_id = a.tenant_id and r.name = a.role
    left join platform_roles p on p.name = a.platform_role;
grant select on rights to botcriptofy_app, botcriptofy_system;

-- A user's place in a tenant, if they have one, and all that gives them permissions there and on the platform.
create function standing_of(member uuid, place uuid, at timestamptz) returns jsonb
language plpgsql stable set search_path = public, pg_temp as $$
declare
    platform_role text;
    seat jsonb;
    further jsonb;
begin
    select u.role into platform_role from users u where u.id = member;
    select jsonb_build_object(
        'tenant', t.id, 'name', t.name, 'slug', t.slug, 'kind', t.kind, 'role', m.role, 'permissions', r.permissions,
        'suspendedAt', t.suspended_at, 'suspensionReason', t.suspension_reason, 'closedAt', t.closed_at)
    into seat
    from tenant_members m
    join tenants t on t.id = m.tenant_id
    left join tenant_roles r on r.tenant_id = m.tenant_id and r.name = m.role
    where m.tenant_id = place and m.user_id = member;
    select jsonb_agg(jsonb_build_object(
        'platform', g.tenant_id is null, 'effect', g.effect, 'source', g.source, 'permissions', g.permissions,
        'until', g.expires_at) order by g.source)
    into further
    from rights g
    where g.user_id = member and (g.tenant_id is null or g.tenant_id = place)
      and (g.expires_at is null or g.expires_at > at);
    return jsonb_strip_nulls(jsonb_build_object('platformRole', platform_role, 'seat', seat, 'rights', further));
end
$$;

-- The same in the transaction's tenant, for whoever acts in it.
create function standing_here(member uuid, at timestamptz) returns jsonb
language sql stable security definer set search_path = public, pg_temp
as $$ select standing_of(member, current_tenant(), at) $$;

drop function identify;
-- Who holds these sessions, and their place in the tenants that they ask for: the one question that is
-- answered before anybody has been recognised. It knows only who knows the secret. Those who ask at the
-- same time are answered together; `asked` says whose answer a row is, from 1.
create function identify(secret_hashes bytea[], at timestamptz, wanted_ids uuid[], wanted_slugs text[])
returns table (
    asked bigint,
    session_id uuid, session_created_at timestamptz, session_updated_at timestamptz, expires_at timestamptz,
    remembered boolean, ip text, user_agent text, impersonated_by uuid, active_tenant_id uuid,
    user_id uuid, email text, user_name text, image text, email_verified boolean, user_role text,
    two_factor_enabled boolean, banned boolean, ban_reason text, ban_expires timestamptz,
    locale text, time_zone text, currency text,
    user_created_at timestamptz, user_updated_at timestamptz,
    standing jsonb
)
language plpgsql stable security definer set search_path = public, pg_temp
-- every request asks this: to plan it anew costs ten times what it costs to answer it
set plan_cache_mode = force_generic_plan as $$
begin
    return query
    select wish.asked, found.*
    from unnest(secret_hashes, wanted_ids, wanted_slugs) with ordinality wish (hash, tenant, slug, asked)
    cross join lateral (
        select s.id, s.created_at, s.updated_at, s.expires_at, s.remembered, s.ip, s.user_agent, s.impersonated_by,
               s.active_tenant_id,
               u.id, u.email, u.name, u.image, u.email_verified, u.role, u.two_factor_enabled, u.banned,
               u.ban_reason, u.ban_expires, u.locale, u.time_zone, u.currency, u.created_at, u.updated_at,
               standing_of(u.id, case
                   when wish.tenant is not null then wish.tenant
                   when wish.slug is not null then (select w.id from tenants w where w.slug = wish.slug)
                   else u.default_tenant_id
               end, at)
        from sessions s
        join users u on u.id = s.user_id
        where s.token_hash = wish.hash and s.expires_at > at
        -- keeps this a search by key for each wish, whatever the tables' sizes
        limit 1
    ) found;
end
$$;

drop function identify_key;
-- The key of this hash, whose it is and their place in its tenant: answered before anybody has been recognised, and
-- only to who knows the secret.
create function identify_key(secret_hash bytea, at timestamptz)
returns table (
    key_id uuid, enabled boolean, expires_at timestamptz, permissions text[], ip_allowlist text[],
    rate_limit_max integer, rate_limit_time_window bigint, limited boolean,
    user_id uuid, email text, user_name text, image text, email_verified boolean, user_role text,
    two_factor_enabled boolean, banned boolean, ban_reason text, ban_expires timestamptz,
    locale text, time_zone text, currency text,
    user_created_at timestamptz, user_updated_at timestamptz,
    standing jsonb
)
language plpgsql stable security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan as $$
begin
    return query
    select k.id, k.enabled, k.expires_at, k.permissions, k.ip_allowlist,
           k.rate_limit_max, k.rate_limit_time_window, k.remaining is not null,
           u.id, u.email, u.name, u.image, u.email_verified, u.role, u.two_factor_enabled, u.banned,
           u.ban_reason, u.ban_expires, u.locale, u.time_zone, u.currency, u.created_at, u.updated_at,
           standing_of(u.id, k.tenant_id, at)
    from api_keys k
    join users u on u.id = k.user_id
    where k.key_hash = secret_hash;
end
$$;

grant create on schema public to botcriptofy_system;
alter function identify owner to botcriptofy_system;
alter function identify_key owner to botcriptofy_system;
alter function standing_here owner to botcriptofy_system;
revoke create on schema public from botcriptofy_system;
revoke execute on function identify, identify_key, standing_of, standing_here from public;
grant execute on function identify, identify_key, standing_here to botcriptofy_app;
grant execute on function standing_of, standing_here to botcriptofy_system;
