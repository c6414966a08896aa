-- Bots, what they took in, and what became of them.

create table bots (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    id uuid not null,
    name text not null,
    kind text not null check (kind = 'strategy'),
    mode text not null check (mode = 'paper'),
    status text not null check (status in
        ('created', 'running', 'paused', 'stopping', 'stopped', 'finished', 'failed')),
    strategy_id uuid not null,
    strategy_version integer not null,
    exchange text not null,
    symbol text not null,
    timeframe text not null,
    initial_cash numeric not null check (initial_cash > 0),
    -- fees, fills and slippage of the simulated venue
    rules jsonb not null,
    -- where the candles come from and how fast
    feed jsonb not null,
    -- what becomes of the coins when the bot is stopped; null: it was not
    stop text check (stop in ('sell', 'keep')),
    -- how far it has come: the inputs journalled, the candles fed and the last of them, the events
    journal_seq bigint not null default 0,
    candles bigint not null default 0,
    last_candle timestamptz,
    event_seq bigint not null default 0,
    -- the figures up to there
    performance jsonb,
    -- Who runs it. The token grows with every lease and with every change from outside, so that
    -- whoever held it before can no longer write.
    lease_owner uuid,
    lease_token bigint not null default 0,
    lease_until timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint bots_name_taken unique (tenant_id, name),
    constraint bots_leased_to_somebody check ((lease_owner is null) = (lease_until is null)),
    constraint bots_stop_is_said check (status <> 'stopping' or stop is not null),
    foreign key (tenant_id, strategy_id, strategy_version)
        references strategy_versions (tenant_id, strategy_id, version)
) with (fillfactor = 70);
create index bots_by_time on bots (tenant_id, created_at);
create index bots_of_strategy on bots (tenant_id, strategy_id, strategy_version);
-- What the runners of all tenants look for. Leases are no part of it, so that keeping one is cheap.
create index bots_to_run on bots (tenant_id, id) where status in ('running', 'stopping');
select protect_tenant_table('bots');

-- What a bot has belongs to it and goes with it.
alter table orders add foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade;
alter table fills add foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade;
alter table positions add foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade;
alter table equity_points add foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade;

-- Everything that a bot took in, in order: what it is now follows from this alone.
create table bot_journal (
    tenant_id uuid not null default current_tenant(),
    bot_id uuid not null,
    seq bigint not null check (seq > 0),
    at timestamptz not null,
    input jsonb not null,
    primary key (tenant_id, bot_id, seq),
    foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade
);
select protect_tenant_table('bot_journal');
revoke update, delete on bot_journal from botcriptofy_app, botcriptofy_system;

create table bot_events (
    tenant_id uuid not null default current_tenant(),
    bot_id uuid not null,
    seq bigint not null check (seq > 0),
    at timestamptz not null,
    -- the moment of the feed that it is about, where there is one
    feed_at timestamptz,
    kind text not null,
    message text not null,
    data jsonb,
    primary key (tenant_id, bot_id, seq),
    foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade
);
select protect_tenant_table('bot_events');
revoke update, delete on bot_events from botcriptofy_app, botcriptofy_system;
