-- Addresses at which bots take signals from outside, and what has come there.

-- whoever knows the token, and the secret where there is one, and calls from one of the networks, may signal
create table bot_hooks (
    tenant_id uuid not null default current_tenant(),
    bot_id uuid not null,
    token_hash bytea not null check (octet_length(token_hash) = 32),
    -- sealed; null: alerts need no signature
    secret bytea,
    networks text[] not null default '{}',
    created_at timestamptz not null,
    primary key (tenant_id, bot_id),
    constraint bot_hooks_token_taken unique (token_hash),
    foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade
);
select protect_tenant_table('bot_hooks');

create table bot_signals (
    tenant_id uuid not null default current_tenant(),
    bot_id uuid not null,
    id uuid not null,
    -- the sender's name of it: the second of the same name is not taken
    alert_id text,
    at timestamptz not null,
    signal text check (signal in ('enter', 'exit')),
    status text not null check (status in ('waiting', 'taken', 'late', 'refused')),
    -- why it was refused
    message text,
    primary key (tenant_id, bot_id, id),
    constraint bot_signals_once unique (tenant_id, bot_id, alert_id),
    constraint bot_signals_say_something check ((status = 'refused') = (message is not null)),
    constraint bot_signals_are_named check (status = 'refused' or (alert_id is not null and signal is not null)),
    foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade
);
create index bot_signals_waiting on bot_signals (tenant_id, bot_id, id) where status = 'waiting';
create index bot_signals_by_time on bot_signals (tenant_id, bot_id, at);
select protect_tenant_table('bot_signals');
