-- Notification preferences, as they were set; who has set none has no row.

create table read_notification_preferences (
    generation  integer not null,
    id          uuid    not null,              -- the customer's
    born        bigint  not null,
    doc         jsonb   not null,
    primary key (generation, id)
);

grant select, insert, update, delete on read_notification_preferences to cloudsales_app;
