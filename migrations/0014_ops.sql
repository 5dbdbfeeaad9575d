-- Which processes run and with which roles. Each says so itself every few seconds; people look at it, nothing is
-- decided by it.

create table processes (
    process    text        primary key,              -- host/pid/start, as in readers.owner
    roles      text[]      not null,
    started_at timestamptz not null default clock_timestamp(),
    seen_at    timestamptz not null default clock_timestamp()
);

grant select, insert, update, delete on processes to cloudsales_app;
grant select on processes to cloudsales_auditor;
