-- Who is asked to join a tenant, and what the protocol's organisations know of tenants and members.

alter table tenants
    -- the address of a picture
    add logo text,
    -- what its applications note of it
    add metadata jsonb check (jsonb_typeof(metadata) = 'object');

-- The protocol names a membership by an id of its own.
alter table tenant_members add id uuid;
update tenant_members set id = gen_random_uuid();
alter table tenant_members alter id set not null, add unique (tenant_id, id);

create table invitations (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    id uuid primary key,
    email text not null check (email = lower(email)),
    role text not null,
    status text not null default 'pending' check (status in ('pending', 'accepted', 'rejected', 'canceled')),
    inviter_id uuid not null references users (id) on delete cascade,
    expires_at timestamptz not null,
    -- how often it was mailed, and when last
    mails integer not null default 1,
    mailed_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index invitations_by_time on invitations (tenant_id, created_at);
create index invitations_of_address on invitations (email);
create index invitations_of_inviter on invitations (inviter_id);
-- one open invitation for an address
create unique index invitations_open on invitations (tenant_id, email) where status = 'pending';
select protect_tenant_table('invitations');

-- Whoever joins a first tenant has it as the default one. Whoever leaves a tenant keeps nothing that names it: another
-- tenant of theirs takes its place.
create function keep_places() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        update users set default_tenant_id = new.tenant_id where id = new.user_id and default_tenant_id is null;
    else
        update users set default_tenant_id = (
            select m.tenant_id from tenant_members m where m.user_id = old.user_id order by m.created_at, m.id limit 1)
        where id = old.user_id and (default_tenant_id is null or default_tenant_id = old.tenant_id);
        update sessions set active_tenant_id = null
        where user_id = old.user_id and active_tenant_id = old.tenant_id;
    end if;
    return null;
end
$$;
grant create on schema public to botcriptofy_system;
alter function keep_places() owner to botcriptofy_system;
revoke create on schema public from botcriptofy_system;
create trigger keep_places after insert or delete on tenant_members for each row execute function keep_places();
