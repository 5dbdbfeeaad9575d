-- Credit notes, balances and statements of account.

-- Write side: what is left to be paid by a customer, and what it may have to its credit. Nobody with either is closed.
create table index_open_invoices (
    invoice_id  uuid primary key,
    customer_id uuid not null
);
create index index_open_invoices_customer on index_open_invoices (customer_id);

create table index_balances (
    balance_id  uuid primary key,              -- of the stream: one per customer and currency
    customer_id uuid not null
);
create index index_balances_customer on index_balances (customer_id);

grant select, insert, update, delete on index_open_invoices, index_balances to cloudsales_app;
