-- What is noticed about the safety of accounts, who called what, and who may not call at all.

create table security_events (
    id uuid primary key,
    -- null: the platform's, or a user's outside any tenant
    tenant_id uuid default current_tenant(),
    -- whom it is about, if anybody is known
    user_id uuid,
    -- who did it, if anybody is known: the administrator, where one acts as the user
    actor_id uuid,
    kind text not null,
    severity text not null check (severity in ('info', 'notice', 'warning', 'critical')),
    -- the thing that it was done to
    subject text not null,
    ip text,
    user_agent text,
    detail jsonb not null,
    at timestamptz not null,
    -- what is told twice in a transaction, to a tenant and to the platform, is one event
    transaction bigint not null default pg_current_xact_id()::text::bigint,
    constraint security_events_once unique nulls not distinct (transaction, kind, user_id, subject)
);
create index security_events_of_tenant on security_events (tenant_id, id);
create index security_events_of_user on security_events (user_id, id);
alter table security_events enable row level security;
alter table security_events force row level security;
create policy tenant on security_events for select to botcriptofy_app using (tenant_id = current_tenant());
-- not called `own`: what others did to a user is shown to them without where the others were
create policy subject on security_events for select to botcriptofy_app using (user_id = current_user_id());
create policy add on security_events for insert to botcriptofy_app
    with check (tenant_id is not distinct from current_tenant());
create policy system on security_events to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select, insert on security_events to botcriptofy_app;
grant select, insert, update, delete on security_events to botcriptofy_system;

-- What an entry of the audit trail is as a security event, if it is one.
-- Every entry asks this: in this language its plan is made once for a connection and not once for an entry.
create function event_of(action text, out kind text, out severity text) language plpgsql immutable parallel safe as $$
begin
    select e.kind, e.severity into event_of.kind, event_of.severity from (values
        ('session.opened', 'signed-in', 'info'),
        ('session.revoked', 'sessions-revoked', 'notice'),
        ('user.session-revoked', 'sessions-revoked', 'notice'),
        ('user.sessions-revoked', 'sessions-revoked', 'notice'),
        ('session.impersonation-started', 'impersonation-begun', 'warning'),
        ('session.impersonation-stopped', 'impersonation-ended', 'notice'),
        ('sign-in.locked', 'sign-in-locked', 'warning'),
        ('user.unlocked', 'sign-in-unlocked', 'notice'),
        ('user.new-device', 'new-device', 'notice'),
        ('user.password-changed', 'password-changed', 'notice'),
        ('user.password-reset', 'password-reset', 'warning'),
        ('user.password-set', 'password-reset', 'warning'),
        ('user.email-changed', 'email-changed', 'warning'),
        ('user.banned', 'user-banned', 'warning'),
        ('user.unbanned', 'user-unbanned', 'notice'),
        ('two-factor.enabled', 'second-factor-set', 'notice'),
        ('two-factor.disabled', 'second-factor-removed', 'warning'),
        ('two-factor.refused', 'second-factor-failed', 'warning'),
        ('two-factor.backup-codes-renewed', 'backup-codes-renewed', 'notice'),
        ('passkey.added', 'passkey-added', 'notice'),
        ('passkey.removed', 'passkey-removed', 'notice'),
        ('passkey.clone-suspected', 'passkey-clone-suspected', 'critical'),
        ('account.linked', 'account-linked', 'notice'),
        ('account.unlinked', 'account-unlinked', 'notice'),
        ('user.role-changed', 'privilege-changed', 'warning'),
        ('member.role-changed', 'privilege-changed', 'warning'),
        ('tenant.ownership-transferred', 'privilege-changed', 'warning'),
        ('role.%', 'privilege-changed', 'warning'),
        ('grant.%', 'privilege-changed', 'warning'),
        ('permission.%', 'privilege-changed', 'warning'),
        ('api-key.created', 'key-made', 'notice'),
        ('api-key.rotated', 'key-rotated', 'notice'),
        ('api-key.deleted', 'key-removed', 'notice'),
        ('api-key.refused-at-address', 'key-refused', 'warning'),
        ('api-key.used-from-new-address', 'key-used-from-new-address', 'notice'),
        ('invitation.rejected', 'invitation-refused', 'notice'),
        ('block.made', 'block-made', 'warning'),
        ('block.lifted', 'block-lifted', 'notice')
    ) e (pattern, kind, severity) where event_of.action like e.pattern;
end
$$;

-- Makes the event of an entry. It is the trail's doing, so that nobody can
-- change what is safety's and forget to say so.
create function notice_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    event record;
    before jsonb := to_jsonb(new.before);
    after jsonb := to_jsonb(new.after);
    -- an entry is about the user whom it names, or about a user, or about who acted
    named text := coalesce(after ->> 'userId', before ->> 'userId',
        case when new.resource in ('user', 'member', 'sign-in', 'user-role', 'user-permission') then new.resource_id end);
    whom uuid := new.actor_id;
    thing text := new.resource || ':' || coalesce(new.resource_id, '');
begin
    select * into event from event_of(new.action);
    if named ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        whom := named;
    end if;
    -- many sessions are revoked at once
    if event.kind = 'sessions-revoked' then
        thing := 'user:' || coalesce(whom::text, '');
    end if;
    insert into security_events as known
        (id, tenant_id, user_id, actor_id, kind, severity, subject, ip, user_agent, detail, at)
    values (new.id, new.tenant_id, whom, coalesce(new.impersonator_id, new.actor_id), event.kind, event.severity, thing,
        new.ip, new.user_agent, jsonb_strip_nulls(jsonb_build_object('action', new.action, 'resource', new.resource,
            'resourceId', new.resource_id, 'keyId', new.api_key_id, 'before', before, 'after', after)), new.at)
    on conflict on constraint security_events_once do update set tenant_id = excluded.tenant_id
        where known.tenant_id is null;
    return null;
end
$$;
create trigger notice after insert on audit_entries
    for each row when ((event_of(new.action)).kind is not null) execute function notice_entry();

-- From where users have signed in, coarsely.
create table sign_in_places (
    user_id uuid not null references users (id) on delete cascade,
    -- the /16 of an IPv4 address or the /32 of an IPv6 one
    network text not null,
    -- '': not known
    country text not null,
    latitude double precision,
    longitude double precision,
    seen_at timestamptz not null,
    primary key (user_id, network, country)
);
select protect_user_table('sign_in_places', 'user_id');

create table access_log (
    id uuid primary key,
    -- the tenant that the request was about; null: none
    tenant_id uuid default current_tenant(),
    user_id uuid,
    key_id uuid,
    ip text,
    method text not null,
    -- as the API document has it: what stands in its places and behind it may be secret
    route text not null,
    status smallint not null,
    duration_us bigint not null,
    correlation_id text not null,
    at timestamptz not null
);
create index access_log_of_tenant on access_log (tenant_id, id);
alter table access_log enable row level security;
alter table access_log force row level security;
create policy tenant on access_log for select to botcriptofy_app using (tenant_id = current_tenant());
create policy system on access_log to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select on access_log to botcriptofy_app;
grant select, insert, delete on access_log to botcriptofy_system;

-- Who may not call: everywhere or, where a tenant says so, in that tenant.
create table security_blocks (
    id uuid primary key,
    -- null: everywhere
    tenant_id uuid default current_tenant(),
    kind text not null check (kind in ('network', 'user', 'key')),
    -- a network in CIDR notation, or an id
    target text not null,
    reason text not null,
    -- null: until it is lifted
    expires_at timestamptz,
    -- how often the platform has blocked it by itself; 0: somebody has
    strikes integer not null default 0,
    created_by uuid,
    created_at timestamptz not null,
    constraint security_blocks_taken unique nulls not distinct (tenant_id, kind, target)
);
create index security_blocks_expired on security_blocks (expires_at);
select protect_tenant_table('security_blocks');

-- Every server knows all of them by heart.
create function announce_blocks() returns trigger language plpgsql as $$
begin
    perform pg_notify('forget', 'b10c0000-0000-7000-8000-000000000000');
    return null;
end
$$;
create trigger announce after insert or update or delete on security_blocks
    for each statement execute function announce_blocks();

grant create on schema public to botcriptofy_system;
alter function notice_entry owner to botcriptofy_system;
revoke create on schema public from botcriptofy_system;
revoke execute on function notice_entry from public;
