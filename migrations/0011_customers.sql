-- Erasing personal data, open accounts by customer, and read models of customers that move.

-- A mark among the personal records of an append, of kind 'erasure', empties what the log has about persons of that
-- customer. It stands where its command stands, so records of earlier commands of the batch are emptied with it and
-- those of later ones stay. The mark itself is never a row. Appends without personal records do not pay for it.
create function erase_personal_data() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    update personal_data set fields = null where customer_id = new.customer_id and kind = 'person' and fields is not null;
    return null;
end $$;

create trigger personal_data_erasure before insert on personal_data
    for each row when (new.kind = 'erasure') execute function erase_personal_data();

revoke all on function erase_personal_data from public;

-- Pending and active accounts are open.
alter table index_accounts add column open boolean not null default true;
update index_accounts set open = false
where account_id::text in (
    select distinct on (aggregate_id) case when event_type in ('AccountRefused', 'AccountClosed') then aggregate_id end
    from events where aggregate_type = 'account' and event_type in ('AccountLinked', 'AccountRefused', 'AccountClosed')
    order by aggregate_id, sequence desc);
create index index_accounts_customer on index_accounts (customer_id);

-- Rows of a read model are found by the reseller of their customer. Their own events name the one of that day; whose
-- customer it is now is kept here, per table, for those who have moved.
create table read_moves (
    noun        text    not null,       -- the table that follows
    generation  integer not null,
    customer_id uuid    not null,
    reseller_id uuid,
    primary key (noun, generation, customer_id)
);

grant select, insert, update, delete on read_moves to cloudsales_app;
