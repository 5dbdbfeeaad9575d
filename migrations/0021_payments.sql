-- Payments: every attempt to move money, and how they are shown.

create table read_payments (
    generation  integer not null,
    id          uuid    not null,
    born        bigint  not null,
    customer_id uuid    not null,              -- who pays
    reseller_id uuid,
    invoice_id  uuid    not null,              -- what is paid, or will be when the order is
    order_id    uuid,                          -- the prepaid order
    status      text    not null,
    doc         jsonb   not null,
    primary key (generation, id)
);
create index read_payments_born on read_payments (generation, born);
create index read_payments_customer on read_payments (generation, customer_id, born);
create index read_payments_reseller on read_payments (generation, reseller_id, born);
create index read_payments_invoice on read_payments (generation, invoice_id, born);
create index read_payments_order on read_payments (generation, order_id, born) where order_id is not null;
create index read_payments_open on read_payments (generation, born) where status in ('started', 'unknown');

grant select, insert, update, delete on read_payments to cloudsales_app;
