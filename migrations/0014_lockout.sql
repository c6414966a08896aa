-- What slows down whoever guesses passwords, and what tells a user's own devices from others.

-- Wrong passwords for an address, whether anybody has it or not: from a network, and from all unknown ones together.
create table sign_in_failures (
    -- SHA-256 of the address
    account bytea not null,
    -- an IPv4 address, the /64 of an IPv6 one, or '*' for all networks that the user has not been seen in
    network text not null,
    -- halved for every hour since the last
    failures integer not null,
    failed_at timestamptz not null,
    locked_until timestamptz,
    primary key (account, network)
);
create index sign_in_failures_age on sign_in_failures (failed_at);
-- they are no user's: nobody may have the address
alter table sign_in_failures enable row level security;
alter table sign_in_failures force row level security;
create policy system on sign_in_failures to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant select, insert, update, delete on sign_in_failures to botcriptofy_system;

-- The links that lift a user's locks; each works once.
create table unlock_links (
    -- SHA-256 of the token; the token itself is nowhere but in the mail
    token_hash bytea primary key,
    user_id uuid not null references users (id) on delete cascade,
    expires_at timestamptz not null
);
create index unlock_links_of_user on unlock_links (user_id);
select protect_user_table('unlock_links', 'user_id');

-- Where a user has signed in from.
create table known_devices (
    user_id uuid not null references users (id) on delete cascade,
    -- SHA-256 of what the browser calls itself
    agent_hash bytea not null,
    -- SHA-256 of the /24 of an IPv4 address or the /48 of an IPv6 one
    network_hash bytea not null,
    seen_at timestamptz not null,
    primary key (user_id, agent_hash, network_hash)
);
select protect_user_table('known_devices', 'user_id');
