-- What sign-in knows of users and sessions beyond the first cut.

alter table users
    add two_factor_enabled boolean not null default false,
    add banned boolean not null default false,
    add ban_reason text,
    -- null: until somebody lifts the ban
    add ban_expires timestamptz;

alter table sessions
    -- the administrator who acts as the user
    add impersonated_by uuid references users (id) on delete cascade,
    -- the tenant that the organisation routes are about; requests choose theirs by header, sub-domain or query
    add active_tenant_id uuid references tenants (id) on delete set null;

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
        select s.id, s.created_at, s.updated_at, s.expires_at, s.remembered, s.ip, s.user_agent, s.impersonated_by,
               s.active_tenant_id,
               u.id, u.email, u.name, u.image, u.email_verified, u.role, u.two_factor_enabled, u.banned,
               u.ban_reason, u.ban_expires, u.locale, u.time_zone, u.currency, u.created_at, u.updated_at,
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
