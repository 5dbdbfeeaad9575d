-- Commission: what resellers earn entry by entry, and the statements it is told on.

-- Write side: in which account a statement is.
create table index_commission_statements (
    statement_id uuid primary key,
    account_id   uuid not null,
    reseller_id  uuid not null
);

create table read_commission_accounts (
    generation      integer not null,
    id              uuid    not null,
    born            bigint  not null,
    doc             jsonb   not null,
    primary key (generation, id)
);

create table read_commissions (
    generation      integer not null,
    id              uuid    not null,
    born            bigint  not null,                   -- the place in lists: an event brings many
    account_id      uuid    not null,
    reseller_id     uuid    not null,
    end_customer_id uuid    not null,
    period          text    not null,                   -- 2026-10
    kind            text    not null,
    statement_id    uuid,                               -- null while it waits for one
    doc             jsonb   not null,
    primary key (generation, id)
);
create index read_commissions_born on read_commissions (generation, born);
create index read_commissions_reseller on read_commissions (generation, reseller_id, born);
create index read_commissions_statement on read_commissions (generation, statement_id, born);

create table read_commission_statements (
    generation      integer not null,
    id              uuid    not null,
    born            bigint  not null,
    account_id      uuid    not null,
    reseller_id     uuid    not null,
    period          text    not null,
    status          text    not null,
    doc             jsonb   not null,
    primary key (generation, id)
);
create index read_commission_statements_born on read_commission_statements (generation, born);
create index read_commission_statements_reseller on read_commission_statements (generation, reseller_id, born);

grant select, insert, update, delete on
    index_commission_statements, read_commission_accounts, read_commissions, read_commission_statements
    to cloudsales_app;
