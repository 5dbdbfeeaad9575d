-- Collection by itself and dunning: what is to be done about each invoice that is not paid, and when.

-- Write side: issued, and neither paid nor void. What nobody expects to be paid stays here: paying it lifts what it
-- had suspended.
create table index_collection (
    invoice_id     uuid primary key,
    customer_id    uuid        not null,                -- the billed party
    seller_entity  text        not null,
    due_on         date        not null,
    next_at        timestamptz,                         -- business time of the next attempt that is made by itself
    unplanned      boolean     not null,                -- none was ever planned
    attempting     boolean     not null default false,  -- one is on its way, or nobody knows what came of it
    next_step_on   date,                                -- the day of the next step of dunning; null after the last
    correlation_id text        not null                 -- of what issued it
);
create index index_collection_customer on index_collection (customer_id);
create index index_collection_next on index_collection (next_at) where next_at is not null;
create index index_collection_step on index_collection (next_step_on) where next_step_on is not null;

insert into index_collection
    (invoice_id, customer_id, seller_entity, due_on, next_at, unplanned, next_step_on, correlation_id)
select e.aggregate_id::uuid, (issued->'contents'->>'customer_id')::uuid, issued->'contents'->>'seller_entity',
    (issued->>'due_on')::date, (issued->>'collect_at')::timestamptz,
    issued->>'collect_at' is null and not lost, case when not lost then (issued->>'due_on')::date + 1 end,
    e.metadata->>'correlation_id'
from events e,
    lateral (select e.payload->'InvoiceIssued' as issued, exists (
        select from events later where later.aggregate_type = 'invoice' and later.aggregate_id = e.aggregate_id
        and later.event_type = 'InvoiceUncollectible') as lost) as told
where e.aggregate_type = 'invoice' and e.event_type = 'InvoiceIssued' and not exists (
    select from events later where later.aggregate_type = 'invoice' and later.aggregate_id = e.aggregate_id
    and later.event_type in ('InvoicePaid', 'InvoiceVoided'));

-- Write side: what a customer's terms say about it. Hints: whatever is done reads the terms themselves.
create table index_terms (
    customer_id uuid primary key,
    automatic   boolean not null,                       -- collected by itself
    dunning     boolean not null
);

insert into index_terms (customer_id, automatic, dunning)
select registered.aggregate_id::uuid, terms->>'collection' = 'automatic', (terms->>'dunning')::boolean
from events registered
left join lateral (
    select payload from events e where e.aggregate_type = 'customer' and e.aggregate_id = registered.aggregate_id
    and e.event_type = 'CommercialTermsSet' order by sequence desc limit 1) later on true,
lateral (select coalesce(later.payload->'CommercialTermsSet', registered.payload->'CustomerRegistered')->'terms'
    as terms) as told
where registered.aggregate_type = 'customer' and registered.event_type = 'CustomerRegistered';

grant select, insert, update, delete on index_collection, index_terms to cloudsales_app;
