-- What an event may be is checked where it is written, not by the table. Postgres reads a table's checks from their stored
-- text again for every statement that inserts; the checks of a type it keeps ready for the session. That is a tenth of what
-- it spends on a command that comes alone. Nobody but these functions may insert.
create domain event_payload as json constraint events_size check (octet_length(value::text) <= 262144);
create domain event_sequence as bigint constraint events_sequence check (value > 0);
alter table events drop constraint events_size, drop constraint events_sequence_check;

-- As before, but for the types.
create or replace function append_batch(
    command_ids uuid[], fingerprints bytea[], statuses smallint[], result_types text[], result_ids text[],
    result_versions bigint[], outcomes json[], first_offsets integer[], last_offsets integer[],
    read_commands integer[], read_streams integer[], read_types text[], read_ids text[], read_versions bigint[],
    read_firsts boolean[],
    event_commands integer[], event_streams integer[], event_aggregates text[], event_aggregate_ids text[],
    event_sequences bigint[], event_types text[], event_versions text[], payloads json[], metadatas json[],
    event_ids uuid[], customers uuid[],
    person_commands integer[], person_subjects uuid[], person_revisions integer[], person_customers uuid[],
    person_kinds text[], person_fields json[],
    founded_commands integer[], founded_on integer[], entangled boolean
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
            select head + v.n, v.aggregate, v.aggregate_id, v.sequence::event_sequence, v.type, v.version,
                   v.payload::event_payload, v.metadata, v.id, v.command_id, v.customer, now_at
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
        person_commands, person_subjects, person_revisions, person_customers, person_kinds, person_fields,
        founded_commands, founded_on);
end $$;

create or replace function append_one_by_one(
    head bigint, now_at timestamptz,
    command_ids uuid[], fingerprints bytea[], statuses smallint[], result_types text[], result_ids text[],
    result_versions bigint[], outcomes json[], last_offsets integer[],
    read_commands integer[], read_streams integer[], read_types text[], read_ids text[], read_versions bigint[],
    event_commands integer[], event_streams integer[], event_aggregates text[], event_aggregate_ids text[],
    event_sequences bigint[], event_types text[], event_versions text[], payloads json[], metadatas json[],
    event_ids uuid[], customers uuid[],
    person_commands integer[], person_subjects uuid[], person_revisions integer[], person_customers uuid[],
    person_kinds text[], person_fields json[],
    founded_commands integer[], founded_on integer[]
) returns setof batch_verdict
language plpgsql set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
    versions bigint[];        -- by stream ordinal: the version as of the commands accepted so far
    tried    bigint[];        -- the same with the command at hand
    accepted boolean[] := array_fill(false, array[cardinality(command_ids)]);
    fits     boolean;
    answer   batch_verdict;
    written  bigint := 0;     -- events accepted so far
    mine     integer;
    r0 integer; r1 integer := 0;    -- the command's stretches: of reads,
    e0 integer; e1 integer := 0;    -- of events
    p0 integer; p1 integer := 0;    -- of personal data
    f0 integer; f1 integer := 0;    -- and of what it builds on
begin
    select array_agg(coalesce((
               select e.sequence from events e
               where e.aggregate_type = s.type and e.aggregate_id = s.id order by e.sequence desc limit 1), 0)
           order by s.stream)
      into versions
      from (select distinct * from (
                select * from unnest(read_streams, read_types, read_ids)
                union all select * from unnest(event_streams, event_aggregates, event_aggregate_ids)
            ) named(stream, type, id)) s;

    for c in 1 .. cardinality(command_ids) loop
        answer := null;
        answer.command := c;
        e0 := e1 + 1;
        e1 := last_offsets[c];
        r0 := r1 + 1;
        while read_commands[r1 + 1] = c loop r1 := r1 + 1; end loop;
        p0 := p1 + 1;
        while person_commands[p1 + 1] = c loop p1 := p1 + 1; end loop;
        f0 := f1 + 1;
        while founded_commands[f1 + 1] = c loop f1 := f1 + 1; end loop;

        select 'done', r.first_position, r.last_position, r.fingerprint, r.status, r.aggregate_type, r.aggregate_id,
               r.version, r.outcome
          into answer.verdict, answer.first_position, answer.last_position, answer.fingerprint, answer.status,
               answer.aggregate_type, answer.aggregate_id, answer.version, answer.outcome
          from command_results r where r.id = command_ids[c];
        if found then
            return next answer;
            continue;
        end if;

        fits := true;
        tried := versions;
        for i in f0 .. f1 loop
            fits := fits and accepted[founded_on[i]];
        end loop;
        for i in r0 .. r1 loop
            fits := fits and read_versions[i] = versions[read_streams[i]];
        end loop;
        for i in e0 .. e1 loop
            fits := fits and event_sequences[i] = tried[event_streams[i]] + 1;
            tried[event_streams[i]] := event_sequences[i];
        end loop;
        if not fits then
            answer.verdict := 'conflict';
            return next answer;
            continue;
        end if;
        versions := tried;
        accepted[c] := true;

        mine := e1 - e0 + 1;
        if mine > 0 then
            insert into events
            select head + written + v.n, v.aggregate, v.aggregate_id, v.sequence::event_sequence, v.type, v.version,
                   v.payload::event_payload, v.metadata, v.id, command_ids[c], v.customer, now_at
            from unnest(event_aggregates[e0:e1], event_aggregate_ids[e0:e1], event_sequences[e0:e1],
                        event_types[e0:e1], event_versions[e0:e1], payloads[e0:e1], metadatas[e0:e1],
                        event_ids[e0:e1], customers[e0:e1]) with ordinality
                 v(aggregate, aggregate_id, sequence, type, version, payload, metadata, id, customer, n);
        end if;
        if p1 >= p0 then
            insert into personal_data (subject_id, revision, customer_id, kind, fields)
            select * from unnest(person_subjects[p0:p1], person_revisions[p0:p1], person_customers[p0:p1],
                                 person_kinds[p0:p1], person_fields[p0:p1]);
        end if;

        answer.verdict := 'appended';
        answer.first_position := head + written + least(mine, 1);
        answer.last_position := head + written + mine;
        insert into command_results
        values (command_ids[c], fingerprints[c], statuses[c], result_types[c], result_ids[c], result_versions[c],
                answer.first_position, answer.last_position, outcomes[c]);
        written := written + mine;
        return next answer;
    end loop;
end $$;

create or replace function append_event(
    command_id uuid, fingerprint bytea, status smallint, result_type text, result_id text, result_version bigint,
    outcome json, read_types text[], read_ids text[], read_versions bigint[],
    aggregate_type text, aggregate_id text, sequence bigint, event_type text, event_version text, payload json,
    metadata json, event_id uuid, customer_id uuid
) returns bigint
language plpgsql security definer
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
    head   bigint;
    now_at timestamptz;
    held   boolean;
begin
    held := pg_advisory_xact_lock(1) is not null;   -- an expression is cheaper than a statement
    select e.position, greatest(clock_timestamp(), e.recorded_at) into head, now_at
      from events e order by e.position desc limit 1;
    if not found then
        head := 0;
        now_at := clock_timestamp();
    end if;

    for i in 1 .. cardinality(read_versions) loop
        if read_versions[i] <> coalesce((
            select e.sequence from events e
            where e.aggregate_type = read_types[i] and e.aggregate_id = read_ids[i]
            order by e.sequence desc limit 1), 0)
        then
            return null;
        end if;
    end loop;

    begin
        insert into events
        values (head + 1, append_event.aggregate_type, append_event.aggregate_id,
                append_event.sequence::event_sequence, append_event.event_type, append_event.event_version,
                append_event.payload::event_payload, append_event.metadata, append_event.event_id,
                append_event.command_id, append_event.customer_id, now_at);

        insert into command_results
        values (command_id, fingerprint, status, result_type, result_id, result_version, head + 1, head + 1, outcome);
    exception when unique_violation then
        return null; -- somebody was faster: all of the above is undone
    end;
    return head;
end $$;
