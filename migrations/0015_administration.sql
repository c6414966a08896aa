-- Who really acted, where an administrator acted as another user.
alter table audit_entries add impersonator_id uuid;
