-- As before, but that the caller says what it can see in the batch itself: which read is its stream's first in the batch
-- (the others of the same version need no second look), and whether the commands are entangled: a stream is read after
-- an earlier command of the batch has written it, or in two versions. Those are left to the walk.
drop function append_batch;
create function append_batch(
    command_ids uuid[], fingerprints bytea[], statuses smallint[], result_types text[], result_ids text[],
    result_versions bigint[], outcomes json[], first_offsets integer[], last_offsets integer[],
    read_commands integer[], read_streams integer[], read_types text[], read_ids text[], read_versions bigint[],
    read_firsts boolean[],
    event_commands integer[], event_streams integer[], event_aggregates text[], event_aggregate_ids text[],
    event_sequences bigint[], event_types text[], event_versions text[], payloads json[], metadatas json[],
    event_ids uuid[], customers uuid[],
    person_commands integer[], person_subjects uuid[], person_revisions integer[], person_customers uuid[],
    person_kinds text[], person_fields json[],
    entangled boolean
) returns setof batch_verdict
language plpgsql security definer
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
    head     bigint;
    now_at   timestamptz;
    n_events bigint := cardinality(event_commands);
begin
    perform pg_advisory_xact_lock(1);
    select e.position, greatest(clock_timestamp(), e.recorded_at) into head, now_at
      from events e order by e.position desc limit 1;
    if not found then
        head := 0;
        now_at := clock_timestamp();
    end if;

    if not entangled and not exists (
        select 1 from (select unnest(read_types) type, unnest(read_ids) id, unnest(read_versions) version,
                              unnest(read_firsts) is_first) r
        where r.is_first and r.version <> coalesce((
            select e.sequence from events e where e.aggregate_type = r.type and e.aggregate_id = r.id
            order by e.sequence desc limit 1), 0))
    then
        begin
            insert into events
            select head + v.n, v.aggregate, v.aggregate_id, v.sequence, v.type, v.version, v.payload, v.metadata, v.id,
                   v.command_id, v.customer, now_at
            from (select generate_series(1, n_events) n, unnest(event_aggregates) aggregate,
                         unnest(event_aggregate_ids) aggregate_id, unnest(event_sequences) sequence,
                         unnest(event_types) type, unnest(event_versions) version, unnest(payloads) payload,
                         unnest(metadatas) metadata, unnest(event_ids) id, unnest(customers) customer,
                         command_ids[unnest(event_commands)] command_id) v;

            insert into command_results
            select c.id, c.fingerprint, c.status, c.type, c.aggregate_id, c.version, head + c.first, head + c.last,
                   c.outcome
            from (select unnest(command_ids) id, unnest(fingerprints) fingerprint, unnest(statuses) status,
                         unnest(result_types) type, unnest(result_ids) aggregate_id, unnest(result_versions) version,
                         unnest(first_offsets) first, unnest(last_offsets) last, unnest(outcomes) outcome) c;

            if cardinality(person_commands) > 0 then
                insert into personal_data (subject_id, revision, customer_id, kind, fields)
                select * from unnest(person_subjects, person_revisions, person_customers, person_kinds, person_fields);
            end if;

            return next row(0, 'appended', head, head + n_events, null, null, null, null, null, null)::batch_verdict;
            return;
        exception when unique_violation then
            null; -- somebody was faster: all of the above is undone
        end;
    end if;

    return query select * from append_one_by_one(
        head, now_at, command_ids, fingerprints, statuses, result_types, result_ids, result_versions, outcomes,
        last_offsets, read_commands, read_streams, read_types, read_ids, read_versions,
        event_commands, event_streams, event_aggregates, event_aggregate_ids, event_sequences, event_types,
        event_versions, payloads, metadatas, event_ids, customers,
        person_commands, person_subjects, person_revisions, person_customers, person_kinds, person_fields);
end $$;

revoke all on function append_batch from public;
grant execute on function append_batch to cloudsales_app;
