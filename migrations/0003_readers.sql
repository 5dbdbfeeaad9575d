-- Named readers of the log: where each one is, and who may move it.

create table readers (
    name        text        primary key,
    position    bigint      not null default 0,
    epoch       bigint      not null default 0,     -- raised by a take-over, a rebuild, a swap: a zombie's update then hits nothing
    generation  integer     not null default 1,     -- which generation of the read model's rows is live
    version     integer     not null default 1,     -- of the code that wrote them
    owner       text,                               -- who holds the lease, as host/pid/start
    lease_until timestamptz
);

-- Events that a reader could not apply, and every later event of the same aggregate, in order.
create table dead_letters (
    id             bigint generated always as identity primary key,
    reader         text        not null,
    generation     integer     not null default 1,
    aggregate_type text        not null,
    aggregate_id   text        not null,
    position       bigint      not null,
    reason         text        not null,
    parked_at      timestamptz not null default clock_timestamp(),
    unique (reader, generation, position)
);
create index dead_letters_aggregate on dead_letters (reader, generation, aggregate_type, aggregate_id, position);
