-- Statements of account tell of refunds, and of money that paid no invoice: such entries bear no document's number.
alter table read_ledger alter column number drop not null;
alter table read_ledger add column refund_id uuid;
