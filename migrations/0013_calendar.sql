-- Business time: which orders wait for their day, and how far the development clock is from real time.

-- Write side: the orders that wait. One that has started or ended has no row.
create table index_scheduled_orders (
    order_id       uuid primary key,
    start_on       date not null,
    correlation_id text not null               -- of the request that ordered it
);
create index index_scheduled_orders_due on index_scheduled_orders (start_on, order_id);

insert into index_scheduled_orders (order_id, start_on, correlation_id)
select e.aggregate_id::uuid, (e.payload->'OrderScheduled'->>'start_on')::date, e.metadata->>'correlation_id'
from events e
where e.aggregate_type = 'order' and e.event_type = 'OrderScheduled' and not exists (
    select from events later where later.aggregate_type = 'order' and later.aggregate_id = e.aggregate_id
    and later.event_type in ('OrderPlaced', 'OrderFailed', 'OrderCancelled'));

-- Exact enough to stand at the same midnight as the simulators.
alter table business_clock rename column offset_seconds to offset_micros;
update business_clock set offset_micros = offset_micros * 1000000;

-- In development: the processes of this database, and where each one's clock stands. Whoever moves the clock waits for
-- those that were heard of a moment ago.
create unlogged table clock_followers (
    owner         text        primary key,     -- the process
    offset_micros bigint      not null,
    seen_at       timestamptz not null
);

grant select, insert, update, delete on index_scheduled_orders, clock_followers to cloudsales_app;
