-- The links of mails that may be opened once: to set a password, sign in, change an address, delete a user.

create table link_tokens (
    -- SHA-256 of the token; the token itself is nowhere but in the mail
    token_hash bytea primary key,
    purpose text not null
        check (purpose in ('reset-password', 'magic-link', 'confirm-email-change', 'change-email', 'delete-user')),
    -- null: a sign-in link, whose reader may become a user by it
    user_id uuid references users (id) on delete cascade,
    -- the address that the user has, or is to have by signing in
    email text not null,
    new_email text,
    -- what a user is to be called who comes by a sign-in link
    name text,
    expires_at timestamptz not null,
    created_at timestamptz not null
);
create index link_tokens_of_user on link_tokens (user_id);
create index link_tokens_expiry on link_tokens (expires_at);
select protect_user_table('link_tokens', 'user_id');
