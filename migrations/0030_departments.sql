-- The departments of a company: a tree, who works in each, and what they may do for it.

create table departments (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    id uuid not null,
    -- by which programs know it, whatever people call it
    key text check (key ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text not null,
    description text,
    parent_id uuid check (parent_id <> id),
    head_id uuid,
    -- what whoever works in it may do in the tenant
    permissions text[] not null default '{}',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint departments_key_taken unique (tenant_id, key),
    constraint departments_parent foreign key (tenant_id, parent_id) references departments (tenant_id, id)
);
create unique index departments_name_taken on departments (tenant_id, lower(name));
create index departments_of_parent on departments (tenant_id, parent_id);
select protect_tenant_table('departments');

create table department_members (
    tenant_id uuid not null default current_tenant(),
    department_id uuid not null,
    user_id uuid not null,
    title text,
    -- the one of the person's departments that they stand for
    is_primary boolean not null,
    created_at timestamptz not null,
    primary key (tenant_id, department_id, user_id),
    foreign key (tenant_id, department_id) references departments (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references tenant_members (tenant_id, user_id) on delete cascade
);
create index department_members_of_user on department_members (user_id, tenant_id);
create unique index department_members_primary on department_members (tenant_id, user_id) where is_primary;
select protect_tenant_table('department_members');

-- Its head is one of its members.
alter table departments add constraint departments_head foreign key (tenant_id, id, head_id)
    references department_members (tenant_id, department_id, user_id) on delete set null (head_id);

-- What somebody may do follows from the departments they are in, too, and from what these permit.
create trigger announce after insert or update or delete on department_members
    for each row execute function announce_change('user_id');
create trigger announce after update of permissions on departments
    for each row execute function announce_change('tenant_id');

create or replace view rights with (security_invoker = true) as
    select user_id, tenant_id, case when granted then 'granted' else 'revoked' end as effect, 'grant' as source,
           array[permission] as permissions, expires_at
    from permission_grants
    union all
    select a.user_id, a.tenant_id, 'role', 'role:' || a.role, coalesce(r.permissions, p.permissions), a.expires_at
    from role_assignments a
    left join tenant_roles r on r.tenant_id = a.tenant_id and r.name = a.role
    left join platform_roles p on p.name = a.platform_role
    union all
    select m.user_id, m.tenant_id, 'role', 'department:' || d.name, d.permissions, null
    from department_members m
    join departments d on d.tenant_id = m.tenant_id and d.id = m.department_id
    where d.permissions <> '{}';

-- Every company begins with nine. Their identifiers follow from the tenant's, so that the same founding gives the same.
create function seed_departments(tenant uuid, founded timestamptz) returns void language sql
begin atomic
    insert into departments (tenant_id, id, key, name, description, permissions, created_at, updated_at)
    select tenant, (left(tenant::text, 24) || left(md5(tenant::text || first.key), 12))::uuid,
           first.key, first.name, first.description, first.permissions, founded, founded
    from (values
        ('financial', 'Financial', 'Invoices, payments, the ledger and its reports.',
         array['financial:read', 'financial:write', 'subscriptions:read']),
        ('marketing', 'Marketing', 'Campaigns, audiences and what comes of them.',
         array['marketing:read', 'marketing:write']),
        ('sales', 'Sales', 'Leads, customers and what they subscribe to.',
         array['marketing:read', 'subscriptions:read', 'subscriptions:write']),
        ('support', 'Support', 'Customers'' questions, from the ticket to the answer.',
         array['members:read', 'support:read', 'support:write']),
        ('security', 'Security', 'Who may do what, and what looks like an attack.',
         array['audit:read', 'members:read', 'security:read']),
        ('audit', 'Audit', 'What was done, by whom, and whether it was right.',
         array['audit:read', 'financial:read', 'security:read']),
        ('documents', 'Documents', 'Files, their versions and who may see them.',
         array['documents:read', 'documents:write']),
        ('configurations', 'Configurations', 'The settings by which the company works.',
         array['configurations:read', 'configurations:write']),
        ('subscriptions', 'Subscriptions', 'Plans, renewals, trials and cancellations.',
         array['subscriptions:read', 'subscriptions:write'])
    ) first (key, name, description, permissions);
end;

create function found_departments() returns trigger language plpgsql as $$
begin
    perform seed_departments(new.id, new.created_at);
    return null;
end
$$;
create trigger found_departments after insert on tenants
    for each row when (new.kind = 'company') execute function found_departments();

set local role botcriptofy_system;
select seed_departments(id, created_at) from tenants where kind = 'company' order by id;
reset role;
