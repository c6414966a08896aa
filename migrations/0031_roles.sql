-- What is told of the roles of a tenant's own making, and of the platform's.

alter table tenant_roles
    add description text,
    add created_at timestamptz not null default now(),
    add updated_at timestamptz not null default now();
alter table tenant_roles alter created_at drop default, alter updated_at drop default;

alter table platform_roles
    add description text,
    add created_at timestamptz not null default now(),
    add updated_at timestamptz not null default now();
alter table platform_roles alter created_at drop default, alter updated_at drop default;
