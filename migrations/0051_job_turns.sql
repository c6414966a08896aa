-- Whose turn it is stands in an index, so that a claim costs what it takes and not what waits.

-- Jobs that were asked for since the last claim, or that begin later. Whoever asks only adds here: a row that all who
-- ask for a kind had to change would make them wait for each other until they commit.
create table job_arrivals (
    tenant_id uuid default current_tenant(),
    kind text not null,
    run_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index job_arrivals_due on job_arrivals (run_at);

-- Of each owner and kind of jobs, how many run and when it was served. Only claims, and what ends a job, write here.
create table job_turns (
    owner uuid not null,
    kind text not null,
    running integer not null default 0,
    -- in which order they were served; who was not yet has a negative number, in the order in which they came
    served bigint not null,
    -- whether something may be due. Only a claim, of which there is one at a time, finds that nothing is
    waits boolean not null default false,
    primary key (owner, kind)
);
create index job_turns_next on job_turns (kind, running, served) where waits;
create sequence job_turns_served;

-- what is counted is to be seen whole
alter table jobs no force row level security;
insert into job_arrivals (tenant_id, kind, run_at) select tenant_id, kind, run_at from jobs where status = 'queued';
insert into job_turns (owner, kind, running, served)
select owner, kind, running, nextval('job_turns_served')
from (select owner, kind, count(*) filter (where status = 'running') as running
      from jobs group by owner, kind having max(started_at) is not null order by max(started_at)) served;
alter table jobs force row level security;
drop index jobs_running;
drop index jobs_served;

alter table job_arrivals enable row level security;
alter table job_arrivals force row level security;
create policy tenant on job_arrivals to botcriptofy_app using (tenant_id = current_tenant())
    with check (tenant_id is not distinct from current_tenant());
create policy system on job_arrivals to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select, insert on job_arrivals to botcriptofy_app;
grant select, insert, update, delete on job_arrivals to botcriptofy_system;

alter table job_turns enable row level security;
alter table job_turns force row level security;
create policy system on job_turns to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select, insert, update, delete on job_turns to botcriptofy_system;
grant usage on sequence job_turns_served to botcriptofy_system;

create function note_arrival() returns trigger language plpgsql as $$
begin
    insert into job_arrivals (tenant_id, kind, run_at) values (new.tenant_id, new.kind, new.run_at);
    return null;
end
$$;
create trigger arrives after insert on jobs for each row when (new.status = 'queued') execute function note_arrival();
create trigger arrives_again after update on jobs for each row
    when (new.status = 'queued' and (old.status, old.run_at) is distinct from (new.status, new.run_at))
    execute function note_arrival();

create function note_start() returns trigger language plpgsql as $$
begin
    insert into job_turns as t (owner, kind, running, served)
    values (new.owner, new.kind, 1, nextval('job_turns_served'))
    on conflict (owner, kind) do update set
        running = t.running + 1, served = excluded.served, waits = t.waits and exists (
            select from jobs j where j.owner = new.owner and j.kind = new.kind and j.status = 'queued');
    return null;
end
$$;
create trigger starts after insert on jobs for each row when (new.status = 'running') execute function note_start();
create trigger starts_later after update on jobs for each row
    when (old.status <> 'running' and new.status = 'running') execute function note_start();

-- What waited because as many ran as may can have its turn now.
create function note_end() returns trigger language plpgsql as $$
begin
    update job_turns t set running = t.running - 1, waits = t.waits or exists (
        select from jobs j where j.owner = old.owner and j.kind = old.kind and j.status = 'queued')
    where t.owner = old.owner and t.kind = old.kind;
    return null;
end
$$;
create trigger ends after update on jobs for each row
    when (old.status = 'running' and new.status <> 'running') execute function note_end();
create trigger ends_removed after delete on jobs for each row when (old.status = 'running') execute function note_end();

-- Those whose turn is next, so many of each kind.
create function next_turns(kinds text[], most bigint) returns setof job_turns language sql stable as $$
    select t.*
    from unnest(kinds) as wanted (kind)
    cross join lateral (
        select * from job_turns t where t.kind = wanted.kind and t.waits order by t.running, t.served limit most
    ) t
$$;

-- The jobs of an owner and kind that are due and may run, at most so many, each with its turn: how many run once it does.
-- One that may not run yet holds up those behind it.
create function jobs_in_turn(next job_turns, most bigint, moment timestamptz)
returns table (id uuid, run_at timestamptz, turn bigint) language sql stable as $$
    select q.id, q.run_at, q.turn
    from (
        select j.id, j.run_at, j.turn, bool_and(j.at_once is null or j.turn <= j.at_once) over (order by j.turn) as may
        from (
            select j.id, j.run_at, j.at_once, next.running + row_number() over (order by j.run_at, j.id) as turn
            from (
                select j.id, j.run_at, j.at_once from jobs j
                where j.status = 'queued' and j.owner = next.owner and j.kind = next.kind and j.run_at <= moment
                order by j.run_at, j.id limit most
            ) j
        ) j
    ) q
    where q.may
$$;

-- Takes the jobs that are due, and those whose worker has been silent for too long; what it answers is leased.
--
-- Whoever has the fewest of a kind running comes first, then whoever was served the longest ago, then the oldest. The
-- first so many of each kind hold the first so many of all, since each of them has something to give: those that have
-- nothing are set aside until something arrives or ends. What is claimed is an array, which is reckoned once: a plan
-- may ask a set again for each row, and would then claim more than it was asked for.
create function claim_jobs(kinds text[], most bigint, moment timestamptz, lease timestamptz) returns setof jobs
language plpgsql as $$
declare
    next job_turns;
    set_aside boolean;
begin
    -- one claim at a time, so that turns are exact; whoever is cut off in the middle holds nobody up
    perform set_config('idle_in_transaction_session_timeout', '5s', true);
    perform pg_advisory_xact_lock(hashtextextended('claim_jobs', 0));

    with arrived as (delete from job_arrivals a where a.run_at <= moment returning a.tenant_id, a.kind, a.run_at)
    insert into job_turns as t (owner, kind, waits, served)
    select a.owner, a.kind, true, nextval('job_turns_served') - 9223372036854775807
    from (select coalesce(tenant_id, '00000000-0000-0000-0000-000000000000') as owner, kind
          from arrived group by 1, 2 order by min(run_at), 1, 2) a
    on conflict (owner, kind) do update set waits = true where not t.waits;

    loop
        set_aside := false;
        for next in select * from next_turns(kinds, most) loop
            continue when exists (select from jobs_in_turn(next, 1, moment));
            update job_turns t set waits = false
            -- what has ended meanwhile may have made room
            where t.owner = next.owner and t.kind = next.kind and t.running = next.running;
            set_aside := set_aside or found;
        end loop;
        exit when not set_aside;
    end loop;

    return query
    with candidates as (
        select due.id, due.turn, t.served, due.run_at
        from next_turns(kinds, most) t cross join lateral jobs_in_turn(t, most, moment) due
        union all
        select id, 0, null, run_at from jobs where status = 'running' and lease_until < moment and kind = any (kinds)
    )
    update jobs set status = 'running', attempts = attempts + 1, lease_until = lease,
                    started_at = coalesce(started_at, moment)
    where id = any (array(
        select j.id
        from (select * from candidates order by turn, served nulls first, run_at, id limit most + 64) c
        join jobs j on j.id = c.id
        where j.status = 'queued' or (j.status = 'running' and j.lease_until < moment)
        order by c.turn, c.served nulls first, c.run_at, c.id
        limit most for update of j skip locked
    ))
    returning jobs.*;
end
$$;
revoke execute on function claim_jobs, next_turns, jobs_in_turn from public;
grant execute on function claim_jobs, next_turns, jobs_in_turn to botcriptofy_system;
