-- The end of the log that the write-side indexes do not have yet. Whoever must not overlook what was written a moment ago
-- looks there too, in one statement with the index.
create view unindexed_events as
    select * from events where position > coalesce((select position from readers where name = 'indexes'), 0);
grant select on unindexed_events to cloudsales_app;
