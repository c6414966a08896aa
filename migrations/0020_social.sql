-- Accounts at other platforms, and the journeys of those who are on their way to one.

alter table accounts
    -- what the other platform gave us, sealed
    add access_token bytea,
    add refresh_token bytea,
    add id_token bytea,
    add access_token_expires_at timestamptz,
    add refresh_token_expires_at timestamptz,
    add scopes text[] not null default '{}';

-- Who has been sent to another platform and is to come back, once and soon.
create table social_states (
    -- SHA-256 of the state; the state itself is with the user's browser
    hash bytea primary key,
    -- who links an account; null for whoever signs in
    user_id uuid references users (id) on delete cascade,
    -- where it goes on and by what the answer is known, sealed
    journey bytea not null,
    expires_at timestamptz not null
);
create index social_states_expired on social_states (expires_at);
create index social_states_of_user on social_states (user_id);
select protect_user_table('social_states', 'user_id');
