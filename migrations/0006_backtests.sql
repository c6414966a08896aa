-- Back-tests and what came of them.

create table backtests (
    tenant_id uuid not null default current_tenant(),
    -- its job's id as well: what has become of it stands in `jobs` alone
    id uuid not null references jobs (id),
    name text not null,
    -- the strategy it was taken from, when it was stored
    strategy_id uuid,
    strategy_version integer,
    -- the file as it runs, with the strategy's document in it
    file jsonb not null,
    created_by uuid,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, strategy_id) references strategies (tenant_id, id) on delete set null (strategy_id)
);
create index backtests_of_strategy on backtests (tenant_id, strategy_id);
select protect_tenant_table('backtests');

-- Apart from the back-test, so that a list never reads the long columns.
create table backtest_results (
    tenant_id uuid not null default current_tenant(),
    backtest_id uuid not null,
    -- of one run; a sweep has `combinations` instead
    metrics jsonb,
    combinations jsonb,
    warnings jsonb not null,
    trades jsonb not null,
    equity jsonb not null,
    -- what holding would have been worth at each point of the equity
    buy_and_hold jsonb not null,
    primary key (tenant_id, backtest_id),
    foreign key (tenant_id, backtest_id) references backtests (tenant_id, id) on delete cascade
);
select protect_tenant_table('backtest_results');
