-- Read models. Every row belongs to a generation; readers.generation says which one is shown. A rebuild fills the next
-- generation beside it and moves that one number. `doc` is the folded state; the other columns are for finding it.
-- `born` is the position of the first event: unique, so lists are ordered by it and stable under inserts.

create table read_customers (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    reseller_id uuid,
    kind        text    not null,
    status      text    not null,
    name        text    not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_customers_born on read_customers (generation, born);
create index read_customers_reseller on read_customers (generation, reseller_id, born);

create table read_accounts (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    customer_id uuid    not null,
    reseller_id uuid,
    status      text    not null,
    name        text    not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_accounts_born on read_accounts (generation, born);
create index read_accounts_customer on read_accounts (generation, customer_id, born);
create index read_accounts_reseller on read_accounts (generation, reseller_id, born);

create table read_services (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    sku         text    not null,
    term        text    not null,
    status      text    not null,
    name        text    not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_services_born on read_services (generation, born);

create table read_price_rules (
    generation  integer not null,
    id          uuid    not null,          -- of the scope
    born        bigint  not null,
    author      text    not null,
    customer_id uuid,
    reseller_id uuid,
    doc         jsonb   not null,
    primary key (generation, id)
);

create table read_orders (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    customer_id uuid    not null,
    reseller_id uuid,
    account_id  uuid    not null,
    status      text    not null,
    name        text,
    ordered_at  timestamptz not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_orders_born on read_orders (generation, born);
create index read_orders_customer on read_orders (generation, customer_id, born);
create index read_orders_reseller on read_orders (generation, reseller_id, born);
create index read_orders_account on read_orders (generation, account_id, born);

create table read_subscriptions (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    customer_id uuid    not null,
    reseller_id uuid,
    account_id  uuid    not null,
    service_id  uuid    not null,
    status      text    not null,
    ends_on     date    not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_subscriptions_born on read_subscriptions (generation, born);
create index read_subscriptions_customer on read_subscriptions (generation, customer_id, born);
create index read_subscriptions_reseller on read_subscriptions (generation, reseller_id, born);
create index read_subscriptions_account on read_subscriptions (generation, account_id, born);

create table read_licences (
    generation      integer not null,
    subscription_id uuid    not null,
    ordinal         integer not null,
    licence_id      uuid    not null,
    key_subject     uuid    not null,
    key_revision    integer not null,
    added_on        date    not null,
    primary key (generation, subscription_id, ordinal)
);
