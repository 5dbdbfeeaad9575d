-- What follows from events: process state, effects on the outside world, incoming webhooks, write-side indexes.

create table process_states (
    process text  not null,
    key     text  not null,
    state   jsonb not null,
    primary key (process, key)
);

-- An effect exists here, committed, before anything outside is called; op_id is the idempotency key of every try.
create table effects (
    op_id      uuid        primary key,
    process    text        not null,
    position   bigint,                               -- of the event it follows from; null when asked for directly
    kind       text        not null,
    subject    text        not null,                 -- the id of the thing it is about
    correlation_id text,                              -- of the request it all belongs to
    effect     jsonb       not null,
    state      text        not null default 'due' check (state in ('due', 'done', 'dead')),
    attempts   integer     not null default 0,       -- tries that reached the provider
    asked      integer     not null default 0,       -- polls so far, for effects that watch something
    due_at     timestamptz not null default clock_timestamp(),
    lease_until timestamptz,
    lease      uuid,                                 -- fences a worker that lost its lease
    owner      text,                                 -- the process that holds it
    outcome    text,                                 -- what became of it, in our words
    created_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz
);
create index effects_due on effects (due_at) where state = 'due';
create index effects_subject on effects (subject, kind);
create index effects_listed on effects (created_at, op_id);

-- Webhooks, stored once per provider and id, for ever; applied later.
create table inbox (
    provider    text        not null,
    webhook_id  text        not null,
    body        bytea       not null,
    body_sha256 bytea       not null,
    type        text        not null,
    received_at timestamptz not null default clock_timestamp(),
    state       text        not null default 'new' check (state in ('new', 'applied', 'ignored')),
    attempts    integer     not null default 0,
    due_at      timestamptz not null default clock_timestamp(),
    primary key (provider, webhook_id)
);
create index inbox_new on inbox (due_at) where state = 'new';

-- Write-side indexes: hints to find streams by. Before deciding, the stream is loaded and its version checked.
create table index_price_scopes (
    scope_id    uuid primary key,
    author      text not null,
    customer_id uuid,
    reseller_id uuid,
    service_id  uuid
);
create index index_price_scopes_author on index_price_scopes (author);

create table index_services (
    service_id uuid primary key,
    provider   text not null,
    sku        text not null,
    active     boolean not null,
    unique (provider, sku)
);

create table index_provider_orders (
    provider_order_id text primary key,
    order_id          uuid not null
);

create table index_accounts (
    account_id          uuid primary key,
    customer_id         uuid not null,
    provider_account_id text unique
);

create table index_subscriptions (
    subscription_id          uuid primary key,
    account_id               uuid not null,
    provider_subscription_id text not null unique,
    live                     boolean not null
);
create index index_subscriptions_account on index_subscriptions (account_id) where live;

-- Business time in development: how far it is from real time. Absent elsewhere.
create table business_clock (
    one            boolean  primary key default true check (one),
    offset_seconds bigint   not null
);
