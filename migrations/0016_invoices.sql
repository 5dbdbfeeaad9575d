-- Invoices: which wait to be paid, and how they are shown.

-- Write side: issued, not settled, and not overdue yet.
create table index_due_invoices (
    invoice_id     uuid primary key,
    due_on         date not null,
    seller_entity  text not null,
    correlation_id text not null               -- of what issued it
);
create index index_due_invoices_due on index_due_invoices (due_on, invoice_id);

grant select, insert, update, delete on index_due_invoices to cloudsales_app;

create table read_invoices (
    generation    integer not null,
    id            uuid    not null,
    born          bigint  not null,
    customer_id   uuid    not null,                    -- the billed party
    reseller_id   uuid,
    status        text    not null,
    period        text    not null,                    -- 2026-10
    overdue       boolean not null,
    issued        boolean not null,                    -- once: drafts are the seller's alone
    end_customers uuid[]  not null,                    -- whose services its reseller was billed for
    doc           jsonb   not null,
    primary key (generation, id)
);
create index read_invoices_born on read_invoices (generation, born);
create index read_invoices_customer on read_invoices (generation, customer_id, born);
create index read_invoices_reseller on read_invoices (generation, reseller_id, born);
create index read_invoices_overdue on read_invoices (generation, born) where overdue;
create index read_invoices_end_customers on read_invoices using gin (end_customers) where end_customers <> '{}';

grant select, insert, update, delete on read_invoices to cloudsales_app;
