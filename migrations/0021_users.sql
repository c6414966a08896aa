-- What is a user's own beside who they are: how they want to be told, their picture, and what they agreed to.

create table user_preferences (
    user_id uuid primary key references users (id) on delete cascade,
    -- the channels by kind of message
    notifications jsonb not null,
    updated_at timestamptz not null
);
select protect_user_table('user_preferences', 'user_id');

create table user_avatars (
    -- part of its address: whoever knows it may see the picture
    id uuid primary key,
    user_id uuid not null unique references users (id) on delete cascade,
    media_type text not null check (media_type in ('image/png', 'image/jpeg', 'image/webp', 'image/gif')),
    content bytea not null check (length(content) <= 1048576),
    created_at timestamptz not null
);
select protect_user_table('user_avatars', 'user_id');

-- What a user agreed to or took back, in which version, when and from where: a history that only grows.
create table user_consents (
    id uuid primary key,
    user_id uuid not null default current_user_id() references users (id) on delete cascade,
    kind text not null check (kind in ('terms', 'privacy', 'marketing', 'analytics', 'data-sharing')),
    version text not null,
    granted boolean not null,
    at timestamptz not null,
    ip text,
    user_agent text
);
create index user_consents_of_user on user_consents (user_id, id);
select protect_user_table('user_consents', 'user_id');
revoke update, delete on user_consents from botcriptofy_app;
