-- The chains of seals by which the trail proves itself: one for each tenant, and the platform's, which holds the
-- heads of all others.

-- Entries that are not sealed yet.
create table audit_pending (
    id uuid primary key,
    tenant_id uuid default current_tenant()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table audit_pending enable row level security;
alter table audit_pending force row level security;
create policy read on audit_pending for select to botcriptofy_app using (tenant_id = current_tenant());
create policy add on audit_pending for insert to botcriptofy_app, botcriptofy_system
    with check (tenant_id is not distinct from current_tenant());
create policy look on audit_pending for select to botcriptofy_system using (acts_as_system());
create policy take on audit_pending for delete to botcriptofy_system using (acts_as_system());
grant select, insert on audit_pending to botcriptofy_app, botcriptofy_system;
grant delete on audit_pending to botcriptofy_system;

create table audit_seals (
    -- null: the platform's own chain
    tenant_id uuid default current_tenant(),
    chain uuid not null generated always as (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    seq bigint not null check (seq > 0),
    entries uuid[] not null,
    -- whether it took in entries from before entries were signed
    adopts boolean not null,
    -- over the signatures of the entries, in order
    digest bytea not null,
    -- over the heads of other chains that the platform's seal holds; empty in a tenant's
    anchors bytea not null,
    -- the hash of the seal before it
    previous bytea not null,
    hash bytea not null,
    signature bytea not null,
    sealed_at timestamptz not null,
    -- by the clock of the database, which no role of the application sets: what is young is not removed
    written_at timestamptz not null default now(),
    primary key (chain, seq)
);
alter table audit_seals enable row level security;
alter table audit_seals force row level security;
create policy read on audit_seals for select to botcriptofy_app using (tenant_id = current_tenant());
create policy system on audit_seals for select to botcriptofy_system using (acts_as_system());
create policy add on audit_seals for insert to botcriptofy_system with check (acts_as_system());
grant select on audit_seals to botcriptofy_app, botcriptofy_system;
grant insert (tenant_id, seq, entries, adopts, digest, anchors, previous, hash, signature, sealed_at)
    on audit_seals to botcriptofy_system;
create trigger append_only before update or delete or truncate on audit_seals
    for each statement execute function refuse_change();

-- Which seal of a tenant's chain was its head when the platform's seal was made.
create table audit_anchors (
    tenant_id uuid not null default current_tenant(),
    seq bigint not null,
    hash bytea not null,
    platform_seq bigint not null,
    primary key (tenant_id, seq)
);
create index audit_anchors_of_seal on audit_anchors (platform_seq);
alter table audit_anchors enable row level security;
alter table audit_anchors force row level security;
create policy read on audit_anchors for select to botcriptofy_app using (tenant_id = current_tenant());
create policy system on audit_anchors for select to botcriptofy_system using (acts_as_system());
create policy add on audit_anchors for insert to botcriptofy_system with check (acts_as_system());
grant select on audit_anchors to botcriptofy_app, botcriptofy_system;
grant insert on audit_anchors to botcriptofy_system;
create trigger append_only before update or delete or truncate on audit_anchors
    for each statement execute function refuse_change();

-- What was there before waits to be adopted by the first seals.
alter table audit_entries no force row level security;
insert into audit_pending (id, tenant_id) select id, tenant_id from audit_entries;
alter table audit_entries force row level security;

-- How long a tenant keeps its trail.
create table audit_retention (
    tenant_id uuid primary key default current_tenant() references tenants (id) on delete cascade,
    months integer not null check (months between 12 and 120)
);
select protect_tenant_table('audit_retention');

-- Nothing is deleted but by prune_audit.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and tg_table_name = 'audit_entries' and current_setting('app.pruning', true) = 'on' then
        return null;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create policy prune on audit_entries for delete to current_user using (current_setting('app.pruning', true) = 'on');
create policy prune_what on audit_entries for select to current_user using (current_setting('app.pruning', true) = 'on');
create policy prune_by on audit_seals for select to current_user using (current_setting('app.pruning', true) = 'on');

-- Removes the entries of a tenant's seals made before a moment, and none that was sealed less than twelve months ago,
-- whoever asks. The seals stay. This is all that the password of the application can delete of the trail.
create function prune_audit(tenant uuid, moment timestamptz, out through bigint, out removed bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform set_config('app.pruning', 'on', true);
    select max(s.seq) into through from audit_seals s
    where s.chain = tenant and s.sealed_at < moment and s.written_at < now() - interval '12 months';
    delete from audit_entries e using (
        select unnest(s.entries) as id from audit_seals s
        where s.chain = tenant and s.seq <= through and s.written_at < now() - interval '12 months'
    ) old where e.id = old.id and e.tenant_id = tenant;
    get diagnostics removed = row_count;
    perform set_config('app.pruning', 'off', true);
end
$$;
revoke execute on function prune_audit from public;
grant execute on function prune_audit to botcriptofy_system;
