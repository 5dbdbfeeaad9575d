-- Payments at their gateways: what may have gone out, under which name a gateway knows it, and when it is asked again.

alter table effects add column sent_at timestamptz;   -- since then it may have reached whoever it is for

-- The gateway's own name of a payment, as soon as it is known.
create table payment_requests (
    payment_id uuid primary key,
    request_id text not null
);

-- When the gateway is asked the next time about what nobody knows the outcome of.
create table payment_asks (
    op_id  uuid        primary key,            -- of the effect that asks
    ask_at timestamptz not null,               -- business time
    asked  integer     not null default 0,     -- questions so far
    missed boolean     not null default false  -- at the last question the gateway had never heard of it
);
create index payment_asks_due on payment_asks (ask_at);

grant select, insert, update, delete on payment_requests, payment_asks to cloudsales_app;
