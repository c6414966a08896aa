-- The accounts at exchanges that tenants have given keys to.

create table exchange_connections (
    tenant_id uuid not null default current_tenant() references tenants (id) on delete cascade,
    id uuid not null,
    exchange text not null check (exchange ~ '^[a-z0-9-]{1,32}$'),
    label text not null check (length(label) between 1 and 100),
    -- all that is shown of the key
    key_mask text not null check (length(key_mask) <= 8),
    -- of the key at its exchange in its tenant: the same one is not connected twice
    fingerprint bytea not null check (length(fingerprint) = 32),
    -- sealed for the tenant and this connection
    api_key bytea not null,
    api_secret bytea not null,
    allow_withdrawals boolean not null,
    -- what the exchange said when it was last asked, and answered
    can_read boolean not null,
    can_trade boolean not null,
    can_withdraw boolean not null,
    ip_restricted boolean not null,
    status text not null check (status in ('active', 'refused', 'unreachable')),
    -- why it is not active
    message text check (length(message) <= 500),
    probed_at timestamptz not null,
    created_by uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint exchange_connections_key_once unique (tenant_id, fingerprint),
    constraint exchange_connections_say_why check ((status = 'active') = (message is null))
);
select protect_tenant_table('exchange_connections');
