-- Documents: what renders and stores them has workers of its own, so that a month end does not hold up the provider.

alter table effects add column lane text not null default 'provider';
drop index effects_due;
create index effects_due on effects (lane, due_at) where state = 'due';
