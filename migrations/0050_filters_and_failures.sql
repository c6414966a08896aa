-- What a run was held to, and why it failed, for programs.

alter table bots
    -- the filters of its symbol as they were when it was made; null: its orders are held to none
    add column instrument jsonb;

alter table jobs
    -- the stable name of `error`; null: nobody wrote it down
    add column error_code text;
