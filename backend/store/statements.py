"""Texts of PostgreSQL's hot statements. "{0}" stands for the day's suffix; parameters are the packed arrays of `packed`.

`space + 0::int2` keeps the planner from an index that begins with the space: a day's fresh partition looks so small that walking all of a space seems as
cheap as the key, and the plan is kept while the day fills up.
"""

CLAIM = """insert into seen (space, source, key, id, at) select s, o, k, i, $5::float8
  from unnest($1::int2[], $2::int2[], $3::bytea[], $4::uuid[]) as t(s, o, k, i) on conflict do nothing"""

# the second look runs after the first waited for whoever was claiming the same key; a subquery can only use the key
OWNERS = """select (select id from seen where space = t.s and source = t.o and key = t.k)
  from unnest($1::int2[], $2::int2[], $3::bytea[]) with ordinality as t(s, o, k, n) order by t.n"""

DECIDED = """with e as (
    insert into events{0} (id, space, person, type, category, priority, source, key, template, version, recipients, duplicate_of, cohort, body, accepted)
    select * from unnest($1::uuid[], $2::int2[], $3::int8[], $4::text[], $5::text[], $6::text[], $7::int2[], $8::text[], $9::text[], $10::int4[],
      $11::int4[], $12::uuid[], $13::int8[], $14::bytea[], $15::float8[]) on conflict do nothing)
  insert into notifications{0} (id, space, event, person, cohort, category, priority, planned, skipped, trace, accepted)
  select * from unnest($16::uuid[], $17::int2[], $18::uuid[], $19::int8[], $20::int8[], $21::text[], $22::int2[], $23::int2[], $24::int2[],
    $25::bytea[], $26::float8[]) on conflict do nothing returning id, space"""

DELIVERIES = """insert into deliveries{0} (id, space, notification, person, channel, address, cohort, state, reason, until, changed)
  select *, $11::float8 from unnest($1::uuid[], $2::int2[], $3::uuid[], $4::int8[], $5::int2[], $6::bytea[], $7::int8[], $8::int2[],
    $9::text[], $10::float8[])"""

# "offset 0" keeps the planner from turning the lookup per notification into a join
AGAIN = """select t.n, d.id, d.channel, d.address, d.state
  from unnest($1::int2[], $2::int8[], $3::uuid[], $4::uuid[], $5::uuid[]) as t(s, p, n, low, high)
  cross join lateral (select id, notification, channel, address, state from deliveries{0}
    where space = t.s and person = t.p and id >= t.low and id < t.high offset 0) d
  where d.notification = t.n and d.state <= 1"""

PLACES = "select id, space, generation, state, cohort, channel from deliveries{0} where id = any($1::uuid[]) order by id for update"

# Columns of these two that hold one value for all are given once, as nearly all are: to find a row's own each walks through the ids
MOVE = """update deliveries{0} set generation = $3::int2, state = $4::int2, changed = $7::float8,
    reason = case when cardinality($5::text[]) = 1 then $5[1] else $5[array_position($2::uuid[], id)] end,
    until = case when cardinality($6::float8[]) = 1 then $6[1] else $6[array_position($2, id)] end
  where space + 0::int2 = $1::int2 and id = any($2)"""

# 0: pending, where nearly all come from; 4: unknown, which the truth may replace
END = """with a as (update attempts{0} set outcome = $4::int2, ended = $11::float8,
      code = case when cardinality($7::text[]) = 1 then $7[1] else $7[array_position($2::uuid[], delivery)] end,
      raw = case when cardinality($8::text[]) = 1 then $8[1] else $8[array_position($2, delivery)] end
    where space = $1::int2 and delivery = any($2) and n = $3::int2 and (outcome is null or outcome = 4))
  update deliveries{0} set state = $6::int2, changed = $11,
    reason = case when cardinality($9::text[]) = 1 then $9[1] else $9[array_position($2, id)] end,
    until = case when cardinality($10::float8[]) = 1 then $10[1] else $10[array_position($2, id)] end
  where space + 0::int2 = $1 and id = any($2) and generation = $5::int2 and state = 0 and $6::int2 > 0::int2 returning id, cohort, channel"""

# 0 and 2: pending and retrying. The subquery can only use the key
START = """insert into attempts{0} (delivery, n, space, provider, started)
  select d, n, s, p, $5::float8 from unnest($1::uuid[], $2::int2[], $3::int2[], $4::text[], $6::int2[]) as t(d, n, s, p, g)
  where (select generation = t.g and state in (0, 2) from deliveries{0} where id = t.d and space + 0::int2 = t.s)
  on conflict do nothing returning delivery"""

LAST = """select distinct on (delivery) delivery, n, outcome is null, started from attempts{0}
  where space = $1::int2 and delivery = any($2::uuid[]) order by delivery, n desc"""

CLOSE = """update attempts{0} set outcome = 4, ended = $4::float8
  where space = $1::int2 and delivery = any($2::uuid[]) and outcome is null and started < $3::float8"""

STATES = "select id, generation, state from deliveries{0} where space + 0::int2 = $1::int2 and id = any($2::uuid[])"

COUNT = """insert into deltas (space, cohort, channel, was, now, n, born, provider, took, minute)
  select *, $7::int8 from unnest($1::int2[], $2::int8[], $3::int2[], $4::int2[], $5::int2[], $6::int4[], $8::int4[], $9::text[], $10::int2[])"""

TOUCHES = "insert into touches (space, at, body) values ($1::int2, $2::float8, $3::bytea)"

# the later time wins; an earlier one leaves the row a moment later than it stood: see `hot_sqlite.INSERT_DUE`
DUE = """insert into due (space, id, kind, at, topic, partition, key, value, ordered)
  select * from unnest($1::int2[], $2::uuid[], $3::text[], $4::float8[], $5::text[], $6::int2[], $7::bytea[], $8::bytea[], $9::text[])
  on conflict (id, kind, space) do update set at = greatest(excluded.at, due.at + 0.001), topic = excluded.topic,
  partition = excluded.partition, key = excluded.key, ordered = excluded.ordered,
  value = case when excluded.at > due.at then excluded.value else due.value end where excluded.at <> due.at"""

TAKE = """select space, id, kind, at, topic, partition, key, value, ordered from due where at <= $1::float8 order by at
  limit $2::int8 for update skip locked"""

DROP = """delete from due where space = $1::int2 and kind = $2::text and id = any($3::uuid[])
  and at = ($4::float8[])[array_position($3, id)]"""
