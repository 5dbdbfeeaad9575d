-- Orders that have been placed and have not ended: an account that has any is not closed.

-- Write side. One that has ended has no row.
create table index_open_orders (
    order_id   uuid primary key,
    account_id uuid not null
);
create index index_open_orders_account on index_open_orders (account_id);

insert into index_open_orders (order_id, account_id)
select e.aggregate_id::uuid, (e.payload->'OrderPlaced'->'details'->>'account_id')::uuid
from events e
where e.aggregate_type = 'order' and e.event_type = 'OrderPlaced' and not exists (
    select from events later where later.aggregate_type = 'order' and later.aggregate_id = e.aggregate_id
    and later.event_type in ('OrderFulfilled', 'OrderPartiallyFulfilled', 'OrderFailed', 'OrderCancelled'))
on conflict do nothing;

-- What the processes remember of the accounts they have seen closed.
insert into process_states (process, key, state)
select 'provision', e.aggregate_id, '{"linked": false, "waiting": [], "closed": true}'
from events e
where e.aggregate_type = 'account' and e.event_type = 'AccountClosed'
    and e.position <= coalesce((select position from readers where name = 'processes'), 0)
on conflict (process, key) do update set state = process_states.state || '{"closed": true}';

grant select, insert, update, delete on index_open_orders to cloudsales_app;
