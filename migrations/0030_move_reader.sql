-- A reader's checkpoint moves on, or its transaction comes to nothing: said as a query of its own it would cost a round
-- trip to look at the answer before the commit.
create function move_reader(reader text, since bigint, under bigint, until bigint, lease interval) returns void
language plpgsql as $$
begin
    update readers set position = until, lease_until = clock_timestamp() + lease
     where name = reader and position = since and epoch = under;
    if not found then
        raise exception 'another has moved reader % on', reader using errcode = 'CS001';
    end if;
end $$;

revoke all on function move_reader from public;
grant execute on function move_reader to cloudsales_app;
