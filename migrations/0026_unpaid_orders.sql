-- Prepaid orders: which of them wait to be paid.

-- Write side: the orders that wait. One that is paid or has ended has no row.
create table index_unpaid_orders (
    order_id       uuid primary key,
    placed_at      timestamptz not null,       -- business time
    correlation_id text not null               -- of the request that ordered it
);
create index index_unpaid_orders_placed on index_unpaid_orders (placed_at, order_id);

insert into index_unpaid_orders (order_id, placed_at, correlation_id)
select e.aggregate_id::uuid, (e.payload->'OrderPlaced'->'details'->>'ordered_at')::timestamptz,
    e.metadata->>'correlation_id'
from events e
where e.aggregate_type = 'order' and e.event_type = 'OrderPlaced'
    and e.payload->'OrderPlaced'->'details'->>'payment' = 'prepaid' and not exists (
        select from events later where later.aggregate_type = 'order' and later.aggregate_id = e.aggregate_id
        and later.event_type in ('OrderPaid', 'OrderFailed', 'OrderCancelled'))
on conflict do nothing;

grant select, insert, update, delete on index_unpaid_orders to cloudsales_app;
