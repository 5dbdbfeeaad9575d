-- Small numbers for customers and issued invoices, by which older systems know them.

-- Write-side indexes: 1, 2, 3 … in the order of the log, without a gap and for ever. Who has one keeps it: a payment may
-- have been asked for under it.
create table index_customer_aliases (
    alias       bigint primary key check (alias > 0),
    customer_id uuid   not null unique
);

create table index_invoice_aliases (
    alias      bigint primary key check (alias > 0),
    invoice_id uuid   not null unique
);

insert into index_customer_aliases (alias, customer_id)
select row_number() over (order by position), aggregate_id::uuid
from events where aggregate_type = 'customer' and event_type = 'CustomerRegistered';

insert into index_invoice_aliases (alias, invoice_id)
select row_number() over (order by position), aggregate_id::uuid
from events where aggregate_type = 'invoice' and event_type = 'InvoiceIssued';

-- Kept for ever: nothing changes or removes them.
grant select, insert on index_customer_aliases, index_invoice_aliases to cloudsales_app;
