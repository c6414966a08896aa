-- Passkeys: keys of the users' devices, and what is asked of a device.

create table passkeys (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    name text,
    -- chosen by the device; nobody else's is the same
    credential_id bytea not null constraint passkeys_taken unique,
    -- as the device gave it, in COSE
    public_key bytea not null,
    -- the model of the device; all zero where it does not say
    aaguid uuid not null,
    -- how the device is reached, such as `internal` or `usb`
    transports text[] not null,
    -- the key, its counter and what is known of its backup, as the verifier keeps them
    credential jsonb not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index passkeys_of_user on passkeys (user_id);
select protect_user_table('passkeys', 'user_id');

create table passkey_challenges (
    -- SHA-256 of what the cookie says; the cookie itself is with whoever was asked
    token_hash bytea primary key,
    ceremony text not null check (ceremony in ('registration', 'authentication')),
    -- who registers a device; nobody is known before they have signed in
    user_id uuid references users (id) on delete cascade,
    state jsonb not null,
    expires_at timestamptz not null,
    check ((ceremony = 'registration') = (user_id is not null))
);
create index passkey_challenges_of_user on passkey_challenges (user_id);
create index passkey_challenges_by_end on passkey_challenges (expires_at);
select protect_user_table('passkey_challenges', 'user_id');
