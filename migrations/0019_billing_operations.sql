-- Billing runs and what they found: what operators see of a month's end.

create table read_billing_runs (
    generation      integer not null,
    id              uuid    not null,
    born            bigint  not null,
    customer_id     uuid,                               -- the one billed party of a run for one
    period          text    not null,                   -- 2026-10
    status          text    not null,
    doc             jsonb   not null,
    primary key (generation, id)
);
create index read_billing_runs_born on read_billing_runs (generation, born);

create table read_billing_discrepancies (
    generation      integer not null,
    id              uuid    not null,
    born            bigint  not null,
    run_id          uuid    not null,
    customer_id     uuid    not null,                   -- of the account
    account_id      uuid    not null,
    kind            text    not null,
    status          text    not null,
    found           jsonb   not null,                   -- both sides, without their lines
    note            jsonb,                              -- a reference to the operator's words
    made            jsonb   not null,                   -- when and by whom
    touched         jsonb   not null,
    primary key (generation, id)
);
create index read_billing_discrepancies_born on read_billing_discrepancies (generation, born);
create index read_billing_discrepancies_run on read_billing_discrepancies (generation, run_id, born);
create index read_billing_discrepancies_open on read_billing_discrepancies (generation, born) where status = 'open';

grant select, insert, update, delete on read_billing_runs, read_billing_discrepancies to cloudsales_app;
