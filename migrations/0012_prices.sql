-- Price rules one by one, exchange rates, and when something last changed that prices in the catalogue are made of.

-- Write side: where the rule of an id is. A removed one is remembered, so that removing it again is no mistake.
create table index_price_rules (
    rule_id  uuid    primary key,
    scope_id uuid    not null,
    author   text    not null
);

create table read_price_rule_items (
    generation     integer not null,
    id             uuid    not null,          -- the caller's
    born           bigint  not null,
    scope_id       uuid    not null,
    author         text    not null,
    customer_id    uuid,
    reseller_id    uuid,
    service_id     uuid,
    rule           jsonb   not null,
    made           jsonb   not null,          -- when and by whom
    touched        jsonb   not null,
    primary key (generation, id)
);
create index read_price_rule_items_born on read_price_rule_items (generation, born);
create index read_price_rule_items_author on read_price_rule_items (generation, author, born);

create table read_exchange_rates (
    generation     integer not null,
    id             uuid    not null,          -- of the pair
    born           bigint  not null,
    doc            jsonb   not null,
    primary key (generation, id)
);

create table read_exchange_rate_items (
    generation     integer not null,
    pair_id        uuid    not null,
    effective_from date    not null,
    born           bigint  not null,
    base           text    not null,
    quote          text    not null,
    rate           numeric not null,
    primary key (generation, pair_id, effective_from)
);
create index read_exchange_rate_items_born on read_exchange_rate_items (generation, born);

-- One row per generation. What was shown of the catalogue up to a position holds until this one passes it.
create table read_catalogue_changes (
    generation     integer primary key,
    position       bigint  not null
);

grant select, insert, update, delete on
    index_price_rules, read_price_rule_items, read_exchange_rates, read_exchange_rate_items, read_catalogue_changes
    to cloudsales_app;
