-- Whose a strategy is, who sees it, and whether it was put away.

alter table strategies
    -- whoever made it; null where that user is no more
    add owner_id uuid references users (id) on delete set null,
    add visibility text not null default 'tenant' check (visibility in ('tenant', 'private')),
    add archived_at timestamptz;

update strategies s set owner_id = v.created_by
from strategy_versions v
where v.tenant_id = s.tenant_id and v.strategy_id = s.id and v.version = 1
    and exists (select from users u where u.id = v.created_by);

-- Who sees a private strategy besides its owner: a member, or everybody of a role.
create table strategy_shares (
    tenant_id uuid not null default current_tenant(),
    strategy_id uuid not null,
    user_id uuid,
    role text,
    constraint strategy_shares_with_one check ((user_id is null) <> (role is null)),
    constraint strategy_shares_once unique nulls not distinct (tenant_id, strategy_id, user_id, role),
    foreign key (tenant_id, strategy_id) references strategies (tenant_id, id) on delete cascade,
    constraint strategy_shares_with_a_member
        foreign key (tenant_id, user_id) references tenant_members (tenant_id, user_id) on delete cascade
);
select protect_tenant_table('strategy_shares');

-- Whether somebody sees a strategy of the present tenant; null is the platform itself, or whoever sees all.
create function sees_strategy(viewer uuid, strategy uuid, owner uuid, visibility text) returns boolean
language sql stable as $$
    select viewer is null or visibility = 'tenant' or owner = viewer or exists (
        select from strategy_shares h
        where h.tenant_id = current_tenant() and h.strategy_id = strategy
            and (h.user_id = viewer or h.role = (
                select m.role from tenant_members m where m.tenant_id = current_tenant() and m.user_id = viewer)))
$$;
