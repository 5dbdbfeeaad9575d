-- The event log: the only truth. Everything else can be made again from it.
-- Applied by the owner login; the runtime logins get exactly what is granted at the end.

create table events (
    position       bigint      primary key,        -- gap-free, in commit order: handed out under the lock on log_head
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    sequence       bigint      not null check (sequence > 0),   -- 1..n without holes within a stream
    event_type     text collate "C" not null,
    event_version  text        not null,
    payload        json        not null,            -- json, not jsonb: the bytes stay as written
    metadata       json        not null,            -- a flat map of strings
    event_id       uuid        not null,
    command_id     uuid        not null,
    customer_id    uuid,
    recorded_at    timestamptz not null,
    constraint events_stream unique (aggregate_type, aggregate_id, sequence),
    constraint events_size check (octet_length(payload::text) <= 262144)
);

create table log_head (
    one         boolean     primary key default true check (one),
    log_id      uuid        not null,               -- tells this log from any other, on NATS too
    position    bigint      not null,
    recorded_at timestamptz not null
) with (fillfactor = 10);

insert into log_head (log_id, position, recorded_at) values (gen_random_uuid(), 0, clock_timestamp());

-- The outcome of every command that had a key, for ever. `id` is the UUIDv5 of tenant and key.
-- An answer that is some stream's resource is found again at that version; `outcome` holds the others.
create table command_results (
    id             uuid     primary key,
    fingerprint    bytea    not null,
    status         smallint not null,
    aggregate_type text,
    aggregate_id   text,
    version        bigint   not null,
    first_position bigint   not null,
    last_position  bigint   not null,
    outcome        json
);

create table personal_data (
    subject_id  uuid    not null,
    revision    integer not null,
    customer_id uuid    not null,
    kind        text    not null check (kind in ('person', 'secret')),
    fields      json,                               -- emptied (null) by erasure; the row stays
    primary key (subject_id, revision)
);
create index personal_data_customer on personal_data (customer_id) where kind = 'person';

-- The second net: the grants are the first.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% of % is forbidden: the log only grows', tg_op, tg_table_name using errcode = '42501';
end $$;

create trigger events_append_only before update or delete on events for each row execute function refuse_change();
create trigger events_no_truncate before truncate on events for each statement execute function refuse_change();
create trigger results_append_only before update or delete on command_results
    for each row execute function refuse_change();
create trigger results_no_truncate before truncate on command_results
    for each statement execute function refuse_change();
