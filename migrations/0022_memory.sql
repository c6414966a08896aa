-- What processes remember of the database, and how they are told to forget it.

-- The processes that answer from memory at present, each for as long as its lease runs. Nobody's in particular, and
-- nothing is lost with it.
create unlogged table memories (
    id uuid primary key,
    lease_until timestamptz not null
);
grant select, insert, update, delete on memories to botcriptofy_app, botcriptofy_system;

-- Tells every process what has changed: the column of the row that the trigger names.
create function announce_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('forget', coalesce(to_jsonb(old), to_jsonb(new)) ->> tg_argv[0]);
    return null;
end
$$;
-- a new session or user is remembered by nobody
create trigger announce after update or delete on sessions for each row execute function announce_change('id');
create trigger announce after update or delete on users for each row execute function announce_change('id');
create trigger announce after insert or update or delete on tenant_members
    for each row execute function announce_change('user_id');
create trigger announce after insert or update or delete on tenant_roles
    for each row execute function announce_change('tenant_id');
create trigger announce after update or delete on tenants for each row execute function announce_change('id');
