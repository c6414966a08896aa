-- Strategies: a named document of which every version is kept.

create table strategies (
    tenant_id uuid not null default current_tenant(),
    id uuid not null,
    name text not null,
    -- the latest
    version integer not null check (version > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint strategies_name_taken unique (tenant_id, name)
);
create index strategies_by_update on strategies (tenant_id, updated_at);
select protect_tenant_table('strategies');

create table strategy_versions (
    tenant_id uuid not null default current_tenant(),
    strategy_id uuid not null,
    version integer not null check (version > 0),
    document jsonb not null,
    created_by uuid,
    created_at timestamptz not null,
    primary key (tenant_id, strategy_id, version),
    foreign key (tenant_id, strategy_id) references strategies (tenant_id, id) on delete cascade
);
select protect_tenant_table('strategy_versions');

-- What a bot or a back-test was made from stays what it was.
create trigger immutable before update on strategy_versions for each statement execute function refuse_change();
