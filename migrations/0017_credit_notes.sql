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

create table read_credit_notes (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    customer_id uuid    not null,              -- the billed party
    reseller_id uuid,
    invoice_id  uuid,
    status      text    not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_credit_notes_born on read_credit_notes (generation, born);
create index read_credit_notes_customer on read_credit_notes (generation, customer_id, born);
create index read_credit_notes_reseller on read_credit_notes (generation, reseller_id, born);
create index read_credit_notes_invoice on read_credit_notes (generation, invoice_id, born);

create table read_balances (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    customer_id uuid    not null,
    currency    text    not null,
    amount      numeric not null,              -- to the customer's credit
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_balances_customer on read_balances (generation, customer_id);

-- What is left to pay of each issued invoice.
create table read_receivables (
    generation  integer not null,
    id          uuid    not null,
    customer_id uuid    not null,
    currency    text    not null,
    open        numeric not null,
    overdue     boolean not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_receivables_customer on read_receivables (generation, customer_id) where open <> 0;

-- Statements of account: what each event did to what a customer owes, above zero where it owes more.
create table read_ledger (
    generation     integer  not null,
    position       bigint   not null,          -- of the event
    n              smallint not null,          -- tells apart the entries of one event
    customer_id    uuid     not null,
    currency       text     not null,
    booked_on      date     not null,
    kind           text     not null,
    number         text     not null,          -- of the document
    invoice_id     uuid,
    credit_note_id uuid,
    payment_id     uuid,
    amount         numeric  not null,
    moved          numeric,                    -- from the balance to the invoice, which leaves the sum as it is
    primary key (generation, position, n)
);
create index read_ledger_account on read_ledger (generation, customer_id, currency, booked_on, position, n);

grant select, insert, update, delete on read_credit_notes, read_balances, read_receivables, read_ledger
    to cloudsales_app;
