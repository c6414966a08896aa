-- Back-tests as a service: fair turns among tenants, cancelling that is heard at once, results of any size that say
-- what they were made from.

alter table jobs
    -- whose turn it is; what no tenant asked for has a turn of its own
    add column owner uuid not null
        generated always as (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) stored,
    -- how many of its kind may run for its owner at once, as it stood when it was asked for; null: any number
    add column at_once integer check (at_once > 0);
drop index jobs_due;
-- a claim leaps over the first from owner to owner, and asks the others how much each has had
create index jobs_waiting on jobs (owner, kind, run_at, id) where status = 'queued';
create index jobs_running on jobs (owner, kind) where status = 'running';
create index jobs_served on jobs (owner, kind, started_at);

-- Tells those who follow a job, those who wait behind it, and the worker that runs one which is no longer wanted.
create function announce_job_news() returns trigger language plpgsql as $$
begin
    perform pg_notify('signals', 'job ' || new.id);
    if new.status <> old.status then
        perform pg_notify('signals', 'jobs ' || new.owner || ' ' || new.kind);
    end if;
    if new.cancel_requested and new.status = 'running' then
        perform pg_notify('jobs_cancelled', new.id::text);
    end if;
    return null;
end
$$;
create trigger announce_news after update on jobs for each row
    when ((old.status, old.done, old.total, old.cancel_requested)
          is distinct from (new.status, new.done, new.total, new.cancel_requested))
    execute function announce_job_news();

alter table backtests
    -- the one whose file this runs once more
    add column rerun_of uuid,
    add foreign key (tenant_id, rerun_of) references backtests (tenant_id, id) on delete set null (rerun_of);
create index backtests_of_rerun on backtests (tenant_id, rerun_of) where rerun_of is not null;

alter table backtest_results
    -- the answer without its trades, as JSON, and since now compressed by zstd
    add column content bytea,
    add column trade_count bigint,
    -- what it was made from and by which version; null: nobody wrote it down
    add column made jsonb,
    -- SHA-256 of the whole answer
    add column digest bytea;

-- The closed trades in their order, a thousand in a part; JSON as above.
create table backtest_trades (
    tenant_id uuid not null default current_tenant(),
    backtest_id uuid not null,
    part integer not null,
    content bytea not null,
    primary key (tenant_id, backtest_id, part),
    foreign key (tenant_id, backtest_id) references backtest_results (tenant_id, backtest_id) on delete cascade
);

-- what is moved is to be seen whole
alter table backtest_results no force row level security;
insert into backtest_trades (tenant_id, backtest_id, part, content)
select r.tenant_id, r.backtest_id, (place - 1) / 1000, convert_to(jsonb_agg(trade order by place)::text, 'UTF8')
from backtest_results r, jsonb_array_elements(r.trades) with ordinality all_trades (trade, place)
group by r.tenant_id, r.backtest_id, (place - 1) / 1000;
update backtest_results set
    trade_count = jsonb_array_length(trades),
    content = convert_to(jsonb_build_object(
        'answer', case
            when combinations is null then jsonb_build_object(
                'metrics', metrics, 'trades', '[]'::jsonb, 'equity', equity, 'warnings', warnings)
            else jsonb_build_object('combinations', combinations)
        end,
        'buyAndHold', buy_and_hold)::text, 'UTF8');
alter table backtest_results force row level security;
select protect_tenant_table('backtest_trades');

alter table backtest_results
    alter column content set not null,
    alter column trade_count set not null,
    -- it is compressed already
    alter column content set storage external,
    drop column combinations,
    drop column warnings,
    drop column trades,
    drop column equity,
    drop column buy_and_hold;
alter table backtest_trades alter column content set storage external;
