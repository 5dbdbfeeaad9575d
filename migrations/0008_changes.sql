-- Changes of subscriptions: what the provider calls an accepted operation, and which terms end when.

alter table effects add column reference text;   -- the provider's name for what goes on there, once accepted

alter table index_subscriptions
    add column customer_id uuid,
    add column ends_on     date;                 -- the first day after the running term

update index_subscriptions i
   set customer_id = (e.payload->'SubscriptionStarted'->>'customer_id')::uuid,
       ends_on = (e.payload->'SubscriptionStarted'->>'ends_on')::date
  from events e
 where e.aggregate_type = 'subscription' and e.aggregate_id = i.subscription_id::text and e.sequence = 1;

create index index_subscriptions_ends_on on index_subscriptions (ends_on) where live;
create index index_subscriptions_customer on index_subscriptions (customer_id) where live;
