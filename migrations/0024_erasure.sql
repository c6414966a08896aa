-- When a user who wishes to be forgotten will be; signing in before takes the wish back.
alter table users add erase_at timestamptz;
