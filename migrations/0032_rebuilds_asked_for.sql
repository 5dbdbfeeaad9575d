-- The generation that somebody has been promised: below it, whoever keeps the read models has a rebuild to do.
alter table readers add column asked_generation integer not null default 0;
