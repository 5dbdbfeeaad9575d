-- What happened to subscriptions after they began: who uses a licence, and every change request with what came of it.

alter table read_licences
    add column assigned_subject  uuid,          -- a person: the fields are joined when answering, and may be erased
    add column assigned_revision integer,
    add column assigned_at       timestamptz;   -- business time

create table read_changes (
    generation      integer     not null,
    subscription_id uuid        not null,
    id              uuid        not null,
    position        bigint      not null,       -- of its first event; lists are ordered by it
    kind            text        not null,
    from_value      jsonb,                      -- seats or a day, before and after
    to_value        jsonb,
    state           text        not null,
    requested_at    timestamptz not null,       -- business time
    reason          text,                       -- of a rejection
    primary key (generation, subscription_id, id)
);
create index read_changes_position on read_changes (generation, subscription_id, position);

grant select, insert, update, delete on read_changes to cloudsales_app;
