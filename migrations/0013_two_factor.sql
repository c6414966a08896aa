-- The second factor: what is asked for when somebody has proved who they are by one thing alone.

create table two_factors (
    user_id uuid primary key references users (id) on delete cascade,
    -- what the user's authenticator knows too, sealed by the platform's key
    secret bytea not null,
    -- null: no code of the authenticator has been seen yet, and none is asked for
    enabled_at timestamptz,
    -- the time step of the newest code that was used: neither it nor an older one is good again
    last_step bigint not null default 0,
    -- wrong answers in a row, whatever the challenge
    failures integer not null default 0,
    locked_until timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
select protect_user_table('two_factors', 'user_id');

-- What lets a user in once whose authenticator is lost.
create table backup_codes (
    user_id uuid not null references two_factors (user_id) on delete cascade,
    -- HMAC-SHA256 of the code by the server's secret; the code itself is nowhere but with the user
    code_hash bytea not null,
    primary key (user_id, code_hash)
);
select protect_user_table('backup_codes', 'user_id');

-- A sign-in that waits for its second factor.
create table two_factor_challenges (
    -- SHA-256 of what the cookie says
    token_hash bytea primary key,
    user_id uuid not null references users (id) on delete cascade,
    -- how the user has proved who they are so far
    first_factor text not null,
    -- whether the session is to outlive the browser
    remembered boolean not null,
    -- SHA-256 of what the browser calls itself: no other can answer
    agent_hash bytea not null,
    failures integer not null default 0,
    expires_at timestamptz not null,
    created_at timestamptz not null
);
create index two_factor_challenges_of_user on two_factor_challenges (user_id);
select protect_user_table('two_factor_challenges', 'user_id');

-- A device that is not asked for the second factor.
create table trusted_devices (
    -- SHA-256 of what the cookie says; replaced whenever it is used
    token_hash bytea primary key,
    user_id uuid not null references users (id) on delete cascade,
    expires_at timestamptz not null,
    created_at timestamptz not null
);
create index trusted_devices_of_user on trusted_devices (user_id);
select protect_user_table('trusted_devices', 'user_id');

-- Whatever changes a password: what was begun or trusted by the old one ends with it.
create function forget_trust() returns trigger language plpgsql as $$
begin
    delete from trusted_devices where user_id = new.user_id;
    delete from two_factor_challenges where user_id = new.user_id;
    return null;
end
$$;
create trigger forget_trust after update of password_hash on accounts
    for each row when (old.password_hash is distinct from new.password_hash) execute function forget_trust();
