-- Archives of all that the platform knows of a user, for them to fetch.

create table user_exports (
    id uuid primary key,
    user_id uuid not null default current_user_id() references users (id) on delete cascade,
    -- null: it is being made
    content bytea,
    created_at timestamptz not null,
    ready_at timestamptz,
    expires_at timestamptz not null,
    check ((content is null) = (ready_at is null))
);
create index user_exports_of_user on user_exports (user_id);
select protect_user_table('user_exports', 'user_id');

-- what a user did is told to them
create index audit_entries_of_actor on audit_entries (actor_id, id);
