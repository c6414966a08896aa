-- Under which keys secrets are sealed, and with which of them each process seals.

create table encryption_keys (
    -- the first four bytes of the key's SHA-256; the key itself is with the operator alone
    id bytea primary key check (octet_length(id) = 4),
    -- when nothing was left that another key had sealed
    finished_at timestamptz,
    -- since when another seals in its place: no process may seal with it any more
    replaced_at timestamptz
);
grant select on encryption_keys to botcriptofy_app, botcriptofy_system;
grant insert, update on encryption_keys to botcriptofy_system;

-- null: a process that does not say it
alter table memories add column seals_with bytea;

-- What a version says stays as it is for ever; only the key under which it is sealed may change.
drop trigger immutable on setting_versions;
create trigger immutable
    before update of tenant_id, user_id, name, version, value, changed_by, changed_at on setting_versions
    for each statement execute function refuse_change();
create trigger stays_sealed before update of sealed on setting_versions
    for each row when ((new.sealed is null) <> (old.sealed is null)) execute function refuse_change();
drop policy read_all on setting_versions;
drop policy add_any on setting_versions;
create policy system on setting_versions to botcriptofy_system using (acts_as_system()) with check (acts_as_system());
grant update (sealed) on setting_versions to botcriptofy_system;
