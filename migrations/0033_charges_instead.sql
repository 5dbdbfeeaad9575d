-- What a reseller bills on where a month brought it more credits than charges: a credit note without invoice is found by
-- the end customers it names, as an invoice is. The next start makes the rows anew; until then the defaults say nothing.
alter table read_credit_notes
    add column period        text   not null default '',    -- 2026-10
    add column end_customers uuid[] not null default '{}';  -- whose services its reseller is credited for
create index read_credit_notes_end_customers on read_credit_notes using gin (end_customers)
    where invoice_id is null and end_customers <> '{}';
