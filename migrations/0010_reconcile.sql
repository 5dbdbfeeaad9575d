-- Reconciliation: runs that compare everything the provider has with what we hold, and what an operator does about
-- effects and events that came to nothing.

create table reconcile_runs (
    run_id       uuid        primary key,
    number       bigint      generated always as identity unique,  -- runs go one after the other, in this order
    started_at   timestamptz not null default clock_timestamp(),
    completed_at timestamptz,
    next_page    text,                                  -- the provider's cursor; null at the beginning and at the end
    scanned      boolean     not null default false,    -- every page was read
    compared     boolean     not null default false     -- what only one side has was counted
);
create index reconcile_runs_open on reconcile_runs (number) where completed_at is null;

-- What a run's pages have shown so far; emptied when it is completed.
create table reconcile_seen (
    run_id                   uuid    not null references reconcile_runs (run_id),
    provider_subscription_id text    not null,
    provider_account_id      text    not null,
    known                    boolean not null,          -- we have it, or it has ended and nobody needs to
    shown                    text    not null,          -- as people write it
    revision                 bigint  not null,
    primary key (run_id, provider_subscription_id)
);

-- The differences a run has met, and which of them it has adopted.
create table reconcile_findings (
    run_id   uuid    not null references reconcile_runs (run_id),
    drift_id uuid    not null,
    adopted  boolean not null default false,
    primary key (run_id, drift_id)
);

-- What only one side has, and in how many complete scans in a row it was so.
create table reconcile_suspects (
    kind                     text    not null check (kind in ('unknown', 'missing')),
    provider_subscription_id text    not null,
    scans                    integer not null,
    primary key (kind, provider_subscription_id)
);

-- Write-side index: the differences there are, by what they are about.
create table index_drifts (
    drift_id                 uuid primary key,
    provider_subscription_id text not null,
    field                    text not null,
    subscription_id          uuid,
    status                   text not null
);
create index index_drifts_open on index_drifts (drift_id) where status = 'open';
create index index_drifts_subscription on index_drifts (provider_subscription_id, field);

create table read_drift (
    generation      integer not null,
    id              uuid    not null,
    born            bigint  not null,
    customer_id     uuid,
    subscription_id uuid,
    field           text    not null,
    status          text    not null,
    doc             jsonb   not null,
    primary key (generation, id)
);
create index read_drift_born on read_drift (generation, born);

-- What operators did about dead effects and parked events. `id` is that of the request's key: done once.
create table dead_letter_actions (
    id     uuid        primary key,
    letter text        not null,
    action text        not null check (action in ('retry', 'discard')),
    actor  text        not null,
    reason text        not null,                        -- why it was dead, as it said then
    at     timestamptz not null default clock_timestamp()
);

-- An effect that an operator gave up is closed.
alter table effects drop constraint effects_state_check;
alter table effects add constraint effects_state_check check (state in ('due', 'done', 'dead', 'discarded'));
create index effects_dead on effects (settled_at, op_id) where state = 'dead';

grant select, insert, update, delete on
    reconcile_runs, reconcile_seen, reconcile_findings, reconcile_suspects, index_drifts, read_drift
    to cloudsales_app;
grant select, insert on dead_letter_actions to cloudsales_app;
grant select on dead_letter_actions, reconcile_runs, reconcile_findings to cloudsales_auditor;
