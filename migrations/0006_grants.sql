-- Three logins. The owner runs migrations and nothing else; the app login appends only through the function and has
-- its own tables; the auditor reads the log and never personal data. They are made before the first migration.

revoke all on schema public from public;
grant usage on schema public to cloudsales_app, cloudsales_auditor;

grant execute on function append_batch to cloudsales_app;
grant select on events, log_head, command_results, personal_data to cloudsales_app;
grant select, insert, update, delete on
    readers, dead_letters, process_states, effects, inbox, index_price_scopes, index_services, index_provider_orders,
    index_accounts, index_subscriptions, business_clock, read_customers, read_accounts, read_services,
    read_price_rules, read_orders, read_subscriptions, read_licences
    to cloudsales_app;
grant select on _sqlx_migrations to cloudsales_app, cloudsales_auditor;

grant select on events, log_head, command_results, readers, dead_letters to cloudsales_auditor;
