-- Billing runs as the write side needs them: who is billed for whom, what differs and where it was found, and how far
-- the reading of the provider's bills is.

-- Write-side index: what decides who is billed for a customer's services.
create table index_parties (
    customer_id   uuid primary key,
    reseller_id   uuid,
    bill_to       text not null check (bill_to in ('customer', 'reseller')),
    seller_entity text not null
);

insert into index_parties (customer_id, reseller_id, bill_to, seller_entity)
select registered.aggregate_id::uuid,
    (case when moved.payload is null then registered.payload->'CustomerRegistered'
          else moved.payload->'CustomerMoved' end->>'reseller_id')::uuid,
    coalesce(terms.payload->'CommercialTermsSet', registered.payload->'CustomerRegistered')->'terms'->>'bill_to',
    coalesce(details.payload->'CustomerDetailsChanged', registered.payload->'CustomerRegistered')->>'seller_entity'
from events registered
left join lateral (
    select payload from events e where e.aggregate_type = 'customer' and e.aggregate_id = registered.aggregate_id
    and e.event_type = 'CustomerMoved' order by sequence desc limit 1) moved on true
left join lateral (
    select payload from events e where e.aggregate_type = 'customer' and e.aggregate_id = registered.aggregate_id
    and e.event_type = 'CommercialTermsSet' order by sequence desc limit 1) terms on true
left join lateral (
    select payload from events e where e.aggregate_type = 'customer' and e.aggregate_id = registered.aggregate_id
    and e.event_type = 'CustomerDetailsChanged' order by sequence desc limit 1) details on true
where registered.aggregate_type = 'customer' and registered.event_type = 'CustomerRegistered';

-- All subscriptions of an account, also those that have ended: they may still be billed.
drop index index_subscriptions_account;
create index index_subscriptions_account on index_subscriptions (account_id);

-- Write-side index: the run in which a difference was found.
create table index_discrepancies (
    discrepancy_id uuid primary key,
    run_id         uuid    not null,
    account_id     uuid    not null,
    open           boolean not null default true
);
create index index_discrepancies_open on index_discrepancies (account_id) where open;

-- Write-side index: the resellers that ever earned commission, by currency.
create table index_commission_accounts (
    reseller_id uuid not null,
    currency    text not null,
    primary key (reseller_id, currency)
);

-- The accounts whose bills a run waits for, and when the provider was last asked.
create table billing_waits (
    run_id      uuid        not null,
    account_id  uuid        not null,
    customer_id uuid        not null,          -- the billed party, which waits with it
    period      text        not null,          -- 2026-10
    asked_at    timestamptz not null,          -- business time
    primary key (run_id, account_id)
);
create index billing_waits_account on billing_waits (account_id, period);

-- Bills that a run has read while it could not yet go on with them: those of one billed party go together.
create table billing_bills (
    run_id     uuid  not null,
    account_id uuid  not null,
    bill       jsonb not null,
    primary key (run_id, account_id)
);

grant select, insert, update, delete on
    index_parties, index_discrepancies, index_commission_accounts, billing_waits, billing_bills
    to cloudsales_app;
