-- A closed account is billed once more when a difference of it is resolved late.
alter table index_discrepancies add column resolved_at timestamptz;  -- business time; null while open

update index_discrepancies i set resolved_at = (e.metadata->>'at')::timestamptz
from events e
where e.aggregate_type = 'billing_run' and e.event_type = 'BillingDiscrepancyResolved'
    and e.payload->'BillingDiscrepancyResolved'->>'discrepancy_id' = i.discrepancy_id::text and not i.open;

drop index index_discrepancies_open;
create index index_discrepancies_account on index_discrepancies (account_id);
