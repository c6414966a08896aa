-- Roles, the tenant of the transaction, and what makes a table a tenant's own.

-- Roles belong to the cluster: another database of it may have made them, even at this moment.
do $$
declare
    role text;
begin
    foreach role in array array['botcriptofy_app', 'botcriptofy_system'] loop
        begin
            execute format('create role %I nologin', role);
        exception when duplicate_object or unique_violation then null;
        end;
        begin
            execute format('grant %I to current_user', role);
        exception when duplicate_object or unique_violation then null;
        end;
    end loop;
end
$$;

revoke create on schema public from public;
grant usage on schema public to botcriptofy_app, botcriptofy_system;

-- After a commit the setting is '', not null.
create function current_tenant() returns uuid language sql stable parallel safe
    return nullif(current_setting('app.tenant_id', true), '')::uuid;

create function current_user_id() returns uuid language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;

-- A policy for a role holds for the role's members too, and the owner of the tables is one: only
-- who has really taken the role on sees all tenants.
create function acts_as_system() returns boolean language sql stable parallel safe
    return current_user = 'botcriptofy_system';

-- A table of which each row is one tenant's. `visible` widens what may be read, never what may be written.
create function protect_tenant_table(name text, visible text default 'false') returns void language plpgsql as $$
begin
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I to botcriptofy_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', name);
    if visible <> 'false' then
        execute format('create policy visible on %I for select to botcriptofy_app using (%s)', name, visible);
    end if;
    execute format('create policy system on %I to botcriptofy_system using (acts_as_system()) with check (acts_as_system())', name);
    execute format('grant select, insert, update, delete on %I to botcriptofy_app, botcriptofy_system', name);
end
$$;

-- A table of which each row is one user's; `key` is the column that says whose.
create function protect_user_table(name text, key text) returns void language plpgsql as $$
begin
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own on %I to botcriptofy_app using (%I = current_user_id()) with check (%I = current_user_id())', name, key, key);
    execute format('create policy system on %I to botcriptofy_system using (acts_as_system()) with check (acts_as_system())', name);
    execute format('grant select, insert, update, delete on %I to botcriptofy_app, botcriptofy_system', name);
end
$$;

-- Work that is done later.
create table jobs (
    id uuid primary key,
    tenant_id uuid default current_tenant(),
    user_id uuid default current_user_id(),
    kind text not null,
    payload jsonb not null,
    status text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
    attempts integer not null default 0,
    max_attempts integer not null,
    done bigint not null default 0,
    total bigint not null default 0,
    cancel_requested boolean not null default false,
    error text,
    correlation_id text not null,
    run_at timestamptz not null,
    lease_until timestamptz,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz
);
create index jobs_due on jobs (run_at, id) where status = 'queued';
create index jobs_leases on jobs (lease_until) where status = 'running';
create index jobs_of_tenant on jobs (tenant_id, created_at);

alter table jobs enable row level security;
alter table jobs force row level security;
-- A user without a tenant may ask for work too, but then sees nothing of it.
create policy tenant on jobs to botcriptofy_app using (tenant_id = current_tenant())
    with check (tenant_id is not distinct from current_tenant());
create policy system on jobs to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select, insert, update on jobs to botcriptofy_app;
grant select, insert, update, delete on jobs to botcriptofy_system;

create function announce_job() returns trigger language plpgsql as $$
begin
    perform pg_notify('jobs', '');
    return null;
end
$$;
create trigger announce after insert on jobs for each statement execute function announce_job();
