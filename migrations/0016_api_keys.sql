-- Keys by which bots and services call.

create table api_keys (
    id uuid primary key,
    tenant_id uuid not null default current_tenant(),
    user_id uuid not null,
    name text,
    prefix text,
    -- the first characters, by which the user knows it again
    start text not null,
    -- SHA-256 of the key; the key itself is nowhere but with the user
    key_hash bytea not null unique,
    enabled boolean not null default true,
    -- what it may do at most, as `resource:action`
    permissions text[] not null,
    -- the networks that it may be used from; null: any
    ip_allowlist text[] check (cardinality(ip_allowlist) between 1 and 20),
    rate_limit_max integer not null check (rate_limit_max > 0),
    -- in milliseconds
    rate_limit_time_window bigint not null check (rate_limit_time_window > 0),
    -- how often it may still be used; null: as often as it likes
    remaining bigint check (remaining >= 0),
    request_count bigint not null default 0,
    last_request timestamptz,
    expires_at timestamptz,
    -- the key that takes its place
    replaced_by uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, id),
    -- whoever leaves a tenant leaves their keys
    foreign key (tenant_id, user_id) references tenant_members (tenant_id, user_id) on delete cascade,
    foreign key (tenant_id, replaced_by) references api_keys (tenant_id, id) on delete set null (replaced_by)
);
create index api_keys_of_member on api_keys (tenant_id, user_id, created_at);
create index api_keys_replaced on api_keys (tenant_id, replaced_by) where replaced_by is not null;
select protect_tenant_table('api_keys');

-- Tells every process that remembers the key what it may no longer believe; its mere use changes nothing of that.
create function announce_key() returns trigger language plpgsql as $$
begin
    perform pg_notify('forget', old.id::text);
    return null;
end
$$;
create trigger announce
    after update of enabled, permissions, ip_allowlist, rate_limit_max, rate_limit_time_window, expires_at or delete
    on api_keys for each row execute function announce_key();

-- Where a key has been used from, or was refused.
create table api_key_addresses (
    tenant_id uuid not null default current_tenant(),
    key_id uuid not null,
    ip text not null,
    allowed boolean not null,
    first_seen timestamptz not null,
    primary key (tenant_id, key_id, ip, allowed),
    foreign key (tenant_id, key_id) references api_keys (tenant_id, id) on delete cascade
);
select protect_tenant_table('api_key_addresses');

-- The key of this hash, whose it is and their place in its tenant: answered before anybody has been recognised, and
-- only to who knows the secret.
create function identify_key(secret_hash bytea)
returns table (
    key_id uuid, enabled boolean, expires_at timestamptz, permissions text[], ip_allowlist text[],
    rate_limit_max integer, rate_limit_time_window bigint, limited boolean,
    user_id uuid, email text, user_name text, image text, email_verified boolean, user_role text,
    two_factor_enabled boolean, banned boolean, ban_reason text, ban_expires timestamptz,
    locale text, time_zone text, currency text,
    user_created_at timestamptz, user_updated_at timestamptz,
    tenant_id uuid, tenant_slug text, tenant_name text, tenant_kind text, member_role text, role_permissions text[]
)
language plpgsql stable security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan as $$
begin
    return query
    select k.id, k.enabled, k.expires_at, k.permissions, k.ip_allowlist,
           k.rate_limit_max, k.rate_limit_time_window, k.remaining is not null,
           u.id, u.email, u.name, u.image, u.email_verified, u.role, u.two_factor_enabled, u.banned,
           u.ban_reason, u.ban_expires, u.locale, u.time_zone, u.currency, u.created_at, u.updated_at,
           t.id, t.slug, t.name, t.kind, m.role, r.permissions
    from api_keys k
    join users u on u.id = k.user_id
    join tenants t on t.id = k.tenant_id
    join tenant_members m on m.tenant_id = k.tenant_id and m.user_id = k.user_id
    left join tenant_roles r on r.tenant_id = m.tenant_id and r.name = m.role
    where k.key_hash = secret_hash;
end
$$;

-- Takes one of the uses that a key has left; answers whether there was one.
create function spend_key(id_of_key uuid) returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
    update api_keys set remaining = remaining - 1 where id = id_of_key and remaining > 0;
    return found;
end
$$;
grant create on schema public to botcriptofy_system;
alter function identify_key owner to botcriptofy_system;
alter function spend_key owner to botcriptofy_system;
revoke create on schema public from botcriptofy_system;
revoke execute on function identify_key, spend_key from public;
grant execute on function identify_key, spend_key to botcriptofy_app;

-- By which key it was done.
alter table audit_entries add api_key_id uuid;
