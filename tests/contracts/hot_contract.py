"""The line's hot writes, one suite for both dialects: every function fresh, repeated, out of order, of mixed generations."""

import asyncio
import random

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend.domain.delivery import State
from backend.domain.ids import DAY_MS, make_id
from backend.store import hot
from tests.contracts.hot_rows import BORN, NOW, PLACES, RUN, balanced, count, ids, move, one, outcome


class HotContract:
    """Subclasses give the fixture `hot_store`: a started, migrated, empty store whose clock stands at NOW."""

    async def decide(self, store, *rows, now=NOW):
        return await store.write(lambda tx: hot.write_decided(tx, rows, now))

    async def moves(self, store, *moves):
        return await store.write(lambda tx: hot.write_moves(tx, moves, NOW))

    async def attempts(self, store, outcomes=(), starts=(), now=NOW):
        return await store.write(lambda tx: hot.write_attempts(tx, list(outcomes), list(starts), now))

    async def states(self, store, *rows, space=1):
        found = await store.read(lambda tx: hot.states_of(tx, space, ids(*rows)))
        return [found.get(i) for i in ids(*rows)]

    # ---- write_decided

    async def test_a_new_batch_writes_all_its_rows(self, hot_store):
        rows = [one(n, key=f"k{n}", states=(State.PENDING, State.HELD)) for n in range(5)]
        answer = await self.decide(hot_store, *rows)
        assert answer.pending == {r.deliveries[0].id for r in rows}
        assert answer.held == {r.deliveries[1].id for r in rows}
        assert (answer.duplicates, answer.earlier) == ({}, [])
        assert [await count(hot_store, t) for t in ("seen", "events", "notifications", "deliveries")] == [5, 5, 5, 10]
        assert await count(hot_store, "deliveries", f"reason = 'quiet_hours' and until = {NOW + 60} and state = 1") == 5
        assert await count(hot_store, "events", "priority = 'normal' and person > 0 or id is not null and person = 0") == 5
        await balanced(hot_store)

    async def test_a_repeat_inserts_nothing_and_still_answers_what_waits(self, hot_store):
        rows = [one(n, key=f"k{n}", states=(State.PENDING, State.HELD)) for n in range(4)]
        first = await self.decide(hot_store, *rows)
        await self.moves(hot_store, move(rows[0], State.SENT))
        again = await self.decide(hot_store, *rows, one(9, key="k9"))
        assert again.pending == first.pending - {rows[0].deliveries[0].id} | set(ids(one(9)))
        assert again.held == first.held
        assert again.duplicates == {}
        assert [await count(hot_store, t) for t in ("seen", "events", "notifications", "deliveries")] == [5, 5, 5, 9]
        await balanced(hot_store)

    async def test_a_repeat_that_decides_otherwise_still_names_what_was_made_before(self, hot_store):
        before, after = one(1, states=(State.PENDING, State.PENDING)), one(1, states=(State.PENDING,))
        await self.decide(hot_store, before)
        answer = await self.decide(hot_store, after)
        lost = before.deliveries[1]
        assert answer.pending == set(ids(before))
        assert answer.earlier == [hot.Earlier(before.notification, lost.id, lost.channel, lost.address)]

    async def test_the_same_notification_twice_in_one_batch_is_one(self, hot_store):
        answer = await self.decide(hot_store, one(1, key="k"), one(1, key="k"), one(2), one(2))
        assert answer.pending == set(ids(one(1), one(2)))
        assert [await count(hot_store, t) for t in ("seen", "events", "notifications", "deliveries")] == [1, 2, 2, 2]
        await balanced(hot_store)

    async def test_another_event_under_a_key_that_was_seen_is_a_duplicate(self, hot_store):
        first, second, third = one(1, key="k"), one(2, key="k"), one(3, key="k")
        await self.decide(hot_store, first)
        answer = await self.decide(hot_store, second, third)
        assert answer.duplicates == {second.event: first.event, third.event: first.event}
        assert answer.pending == set()
        assert [await count(hot_store, t) for t in ("seen", "events", "notifications")] == [1, 3, 1]
        assert await count(hot_store, "events", "duplicate_of is not null") == 2
        await balanced(hot_store)

    async def test_of_two_events_under_one_key_in_one_batch_the_first_wins(self, hot_store):
        first, second = one(5, key="k"), one(4, key="k")
        answer = await self.decide(hot_store, first, second)
        assert answer.duplicates == {second.event: first.event}
        assert answer.pending == set(ids(first))
        assert await count(hot_store, "events", "duplicate_of is not null") == 1

    async def test_the_same_key_of_another_source_or_space_is_no_duplicate(self, hot_store):
        answer = await self.decide(hot_store, one(1, key="k"), one(2, key="k", source=2), one(3, key="k", space=2))
        assert answer.duplicates == {}
        assert len(answer.pending) == 3
        assert await count(hot_store, "seen") == 3

    async def test_a_split_list_is_one_event_for_many(self, hot_store):
        event = make_id(BORN, b"list")
        rows = [one(n, event=event, key="list", recipients=3) for n in (1, 2, 3)]
        answer = await self.decide(hot_store, *rows[:2])
        later = await self.decide(hot_store, rows[2])
        assert (answer.pending, later.pending) == (set(ids(*rows[:2])), set(ids(rows[2])))
        assert answer.duplicates == later.duplicates == {}
        assert await count(hot_store, "events", "person = 0 and recipients = 3") == 1
        assert await count(hot_store, "notifications") == 3

    async def test_batches_decided_at_once_agree_on_who_was_first(self, hot_store):
        chance = random.Random(1)
        batches = []
        for writer in range(6):
            batch = [one(1000 * writer + n, key=f"k{n}") for n in range(40)]
            chance.shuffle(batch)
            batches.append(batch)
        answers = await asyncio.gather(
            *(hot_store.write(lambda tx, b=b: hot.write_decided(tx, b, NOW), turn=f"decide{n}") for n, b in enumerate(batches))
        )
        won = [row for batch, a in zip(batches, answers, strict=True) for row in batch if row.event not in a.duplicates]
        owner = {row.key: row.event for row in won}
        assert len(won) == len(owner) == 40
        for batch, answer in zip(batches, answers, strict=True):
            assert answer.duplicates == {row.event: owner[row.key] for row in batch if row.event != owner[row.key]}
        assert await count(hot_store, "notifications") == 40
        await balanced(hot_store)

    async def test_a_child_of_a_fan_out_writes_no_event(self, hot_store):
        answer = await self.decide(hot_store, one(1, root=False))
        assert len(answer.pending) == 1
        assert await count(hot_store, "events") == 0

    async def test_spaces_with_equal_ids_stay_apart(self, hot_store):
        here, there = one(1, space=1), one(1, space=2)
        await self.decide(hot_store, here)
        await self.decide(hot_store, there)
        await self.moves(hot_store, move(there, State.SENT))
        assert await self.states(hot_store, here) == [(0, State.PENDING)]
        assert await self.states(hot_store, there, space=2) == [(0, State.SENT)]
        await balanced(hot_store)

    async def test_events_of_several_days_go_in_one_batch(self, hot_store):
        rows = [one(n, born=BORN + days * DAY_MS) for n, days in enumerate((0, -1, 1, 400, -400))]
        answer = await self.decide(hot_store, *rows)
        assert answer.pending == set(ids(*rows))
        assert (await self.decide(hot_store, *rows)).pending == answer.pending
        assert await self.attempts(hot_store, starts=[hot.Start(1, i, 1, "smtp") for i in ids(*rows)]) == set(ids(*rows))
        await self.attempts(hot_store, [outcome(r, State.SENT) for r in rows])
        assert await self.states(hot_store, *rows) == [(0, State.SENT)] * 5
        await balanced(hot_store)

    async def test_an_empty_batch_is_nothing(self, hot_store):
        answer = await self.decide(hot_store)
        assert (answer.pending, answer.held, answer.duplicates) == (set(), set(), {})
        assert await self.moves(hot_store) == set()
        assert await self.attempts(hot_store) == set()
        await hot_store.write(lambda tx: (hot.write_due(tx, []), hot.drop_due(tx, [])))

    async def test_text_no_database_takes_is_taken(self, hot_store):
        bad = "nul \0 half \ud83d"
        row = one(1, key=bad, type=bad)
        await self.decide(hot_store, row)
        assert (
            await self.decide(hot_store, msgspec.structs.replace(row, event=make_id(BORN, b"x"), notification=make_id(BORN, b"y")))
        ).duplicates
        await self.attempts(hot_store, starts=[hot.Start(1, row.deliveries[0].id, 1, "smtp")])
        await self.attempts(hot_store, [outcome(row, State.FAILED, code=bad, raw=bad + "x" * 900, reason=bad)])
        raw = await hot_store.read(lambda tx: tx.conn.execute(text("select raw from attempts")).scalar_one())
        assert raw.startswith("nul \ufffd half ?x")
        assert len(raw) == 500

    # ---- write_moves

    async def test_a_move_goes_forward_only(self, hot_store):
        row = one(1)
        await self.decide(hot_store, row)
        assert await self.moves(hot_store, move(row, State.SENT)) == set(ids(row))
        assert await self.moves(hot_store, move(row, State.SENT)) == set()
        assert await self.moves(hot_store, move(row, State.RETRYING)) == set()
        assert await self.moves(hot_store, move(row, State.BOUNCED, reason="mailbox_full")) == set(ids(row))
        assert await self.states(hot_store, row) == [(0, State.BOUNCED)]
        await balanced(hot_store)

    async def test_a_higher_generation_may_go_back(self, hot_store):
        row = one(1)
        await self.decide(hot_store, row)
        await self.moves(hot_store, move(row, State.DEAD))
        assert await self.moves(hot_store, move(row, State.PENDING, generation=1)) == set(ids(row))
        assert await self.moves(hot_store, move(row, State.DELIVERED)) == set()  # of the generation before
        assert await self.states(hot_store, row) == [(1, State.PENDING)]
        await balanced(hot_store)

    async def test_moves_of_one_row_apply_in_their_order(self, hot_store):
        row, other = one(1), one(2)
        await self.decide(hot_store, row, other)
        moved = await self.moves(
            hot_store, move(row, State.RETRYING, until=NOW + 9), move(other, State.SENT), move(row, State.SENT), move(row, State.RETRYING)
        )
        assert moved == set(ids(row, other))
        assert await self.states(hot_store, row, other) == [(0, State.SENT)] * 2
        assert await count(hot_store, "deliveries", "until is null") == 2
        await balanced(hot_store)

    @pytest.mark.parametrize("alike", [(), ("reason",), ("until",), ("reason", "until")])
    async def test_each_row_of_a_group_keeps_its_own_reason_and_time(self, hot_store, alike):
        rows = [one(n) for n in range(300)]
        await self.decide(hot_store, *rows)
        own = [("r" if "reason" in alike else f"r{n}", NOW if "until" in alike else NOW + n) for n in range(300)]
        await self.moves(hot_store, *(move(r, State.RETRYING, reason=reason, until=until) for r, (reason, until) in zip(rows, own, strict=True)))
        found = await hot_store.read(lambda tx: tx.conn.execute(text("select person, reason, until from deliveries order by person")).all())
        assert [tuple(r) for r in found] == [(n, *of) for n, of in enumerate(own)]

    @pytest.mark.parametrize("alike", [(), ("code", "raw"), ("reason", "until"), ("code", "reason", "until"), ("code", "raw", "reason", "until")])
    async def test_each_attempt_of_a_group_keeps_its_own_words(self, hot_store, alike):
        rows = [one(n) for n in range(140)]
        await self.decide(hot_store, *rows)
        await self.attempts(hot_store, starts=[hot.Start(1, i, 1, "smtp") for i in ids(*rows)])
        names = ("code", "raw", "reason", "until")
        own = [{name: 5 if name in alike else n for name in names} for n in range(140)]
        words = [{name: NOW + n if name == "until" else f"{name}{n}" for name, n in of.items()} for of in own]
        await self.attempts(hot_store, [outcome(r, State.FAILED, to=State.RETRYING, **of) for r, of in zip(rows, words, strict=True)])
        sql = "select d.person, a.code, a.raw, d.reason, d.until from deliveries d join attempts a on a.delivery = d.id order by d.person"
        found = await hot_store.read(lambda tx: tx.conn.execute(text(sql)).all())
        assert [tuple(r) for r in found] == [(n, *(of[name] for name in names)) for n, of in enumerate(words)]

    async def test_a_move_of_what_does_not_exist_moves_nothing(self, hot_store):
        assert await self.moves(hot_store, move(one(77), State.SENT)) == set()
        assert await count(hot_store, "deltas") == 0

    # ---- attempts

    async def test_a_start_is_new_once(self, hot_store):
        row = one(1)
        await self.decide(hot_store, row)
        start = hot.Start(1, row.deliveries[0].id, 1, "smtp")
        assert await self.attempts(hot_store, starts=[start]) == set(ids(row))
        assert await self.attempts(hot_store, starts=[start, start]) == set()
        assert await self.attempts(hot_store, starts=[hot.Start(1, row.deliveries[0].id, 2, "smtp")]) == set(ids(row))

    async def test_only_what_is_pending_or_retrying_in_this_generation_is_started(self, hot_store):
        """A record that comes again must not send what was held, cancelled or ended since it was appended."""
        rows = [one(n) for n in range(7)]
        await self.decide(hot_store, *rows)
        places = [(State.HELD, 0), (State.CANCELLED, 0), (State.SENT, 0), (State.PENDING, 1), (State.RETRYING, 0), (State.UNKNOWN, 0)]
        await self.moves(hot_store, *(move(r, s, generation=g) for r, (s, g) in zip(rows, places, strict=False)))
        starts = [hot.Start(1, i, 1, "smtp") for i in (*ids(*rows), make_id(BORN, b"nobody"))]
        assert await self.attempts(hot_store, starts=starts) == set(ids(rows[4], rows[6]))
        assert await count(hot_store, "attempts") == 2
        assert await self.attempts(hot_store, starts=[hot.Start(1, i, 1, "smtp", 1) for i in ids(*rows)]) == set(ids(rows[3]))

    async def test_what_ends_in_this_chunk_is_not_started_by_it(self, hot_store):
        row = one(1)
        await self.decide(hot_store, row)
        made = row.deliveries[0].id
        await self.attempts(hot_store, starts=[hot.Start(1, made, 1, "smtp")])
        assert await self.attempts(hot_store, [outcome(row, State.SENT)], [hot.Start(1, made, 2, "smtp")]) == set()

    async def test_outcomes_end_attempts_and_move_deliveries(self, hot_store):
        rows = [one(n) for n in range(6)]
        await self.decide(hot_store, *rows)
        await self.attempts(hot_store, starts=[hot.Start(1, i, 1, "smtp") for i in ids(*rows)], now=NOW - 1)
        results = [State.SENT, State.SENT, State.FAILED, State.UNKNOWN]
        await self.attempts(hot_store, [outcome(r, s, raw=f"raw {n}") for n, (r, s) in enumerate(zip(rows, results, strict=False))])
        await self.attempts(hot_store, [outcome(rows[4], State.FAILED, to=State.RETRYING, until=NOW + 30, reason="provider_refused")])
        assert [s for _, s in await self.states(hot_store, *rows)] == [*results, State.RETRYING, State.PENDING]
        assert await count(hot_store, "attempts", f"ended = {NOW} and started = {NOW - 1}") == 5
        assert await count(hot_store, "attempts", "raw = 'raw 2' and outcome = 7 and code = '250'") == 1
        assert await count(hot_store, "deliveries", f"until = {NOW + 30} and reason = 'provider_refused'") == 1
        await balanced(hot_store)

    async def test_a_repeated_outcome_changes_nothing(self, hot_store):
        row = one(1)
        await self.decide(hot_store, row)
        await self.attempts(hot_store, starts=[hot.Start(1, row.deliveries[0].id, 1, "smtp")])
        for raw in ("first", "second"):
            await self.attempts(hot_store, [outcome(row, State.SENT, raw=raw)])
        assert await count(hot_store, "attempts", "raw = 'first'") == 1
        await balanced(hot_store)

    async def test_an_outcome_after_a_retry_counts_from_retrying(self, hot_store):
        row = one(1)
        await self.decide(hot_store, row)
        made = row.deliveries[0].id
        await self.attempts(hot_store, starts=[hot.Start(1, made, 1, "smtp")])
        await self.attempts(hot_store, [outcome(row, State.FAILED, to=State.RETRYING)], [hot.Start(1, made, 2, "smtp")])
        await self.attempts(hot_store, [outcome(row, State.SENT, n=2)])
        assert await self.states(hot_store, row) == [(0, State.SENT)]
        deltas = await hot_store.read(
            lambda tx: tx.conn.execute(text("select was, now, n from deltas where now <> 20 order by n_th")).all()
        )
        assert [tuple(d) for d in deltas] == [(-1, 0, 1), (0, 2, 1), (2, 5, 1)]

    async def test_the_truth_replaces_unknown(self, hot_store):
        row = one(1)
        await self.decide(hot_store, row)
        made = row.deliveries[0].id
        await self.attempts(hot_store, starts=[hot.Start(1, made, 1, "smtp")], now=NOW - 10)
        assert await hot_store.write(lambda tx: hot.close_unknown(tx, 1, [made], NOW - 20, NOW)) == 0
        assert await hot_store.write(lambda tx: hot.close_unknown(tx, 1, [made, made], NOW, NOW)) == 1
        assert await hot_store.write(lambda tx: hot.close_unknown(tx, 1, [made], NOW, NOW)) == 0
        assert await count(hot_store, "attempts", "outcome = 4") == 1
        await self.attempts(hot_store, [outcome(row, State.SENT)])
        assert await count(hot_store, "attempts", "outcome = 5") == 1

    async def test_the_last_attempt_of_each_is_told(self, hot_store):
        tried, untried = one(1), one(2)
        await self.decide(hot_store, tried, untried)
        made = tried.deliveries[0].id
        await self.attempts(hot_store, starts=[hot.Start(1, made, 1, "smtp")], now=NOW - 5)
        look = lambda tx: hot.attempts_of(tx, 1, ids(tried, untried))  # noqa: E731
        assert await hot_store.read(look) == {made: hot.OpenAttempt(made, State.PENDING, 0, 1, True, NOW - 5)}
        await self.attempts(hot_store, [outcome(tried, State.FAILED, to=State.RETRYING)], [hot.Start(1, made, 2, "smtp")])
        assert await hot_store.read(look) == {made: hot.OpenAttempt(made, State.RETRYING, 0, 2, True, NOW)}
        await self.attempts(hot_store, [outcome(tried, State.SENT, n=2)])
        assert await hot_store.read(look) == {made: hot.OpenAttempt(made, State.SENT, 0, 2, False, NOW)}
        assert await hot_store.read(lambda tx: hot.attempts_of(tx, 2, ids(tried))) == {}

    # ---- due

    def later(self, n, at, *, kind="retry", space=1, value=b"value"):
        return hot.Later(space, make_id(BORN, b"due", bytes([n])), kind, at, "deliveries.email.normal", 3, b"key", value, "42:2")

    async def test_due_rows_come_oldest_first_when_their_time_has_come(self, hot_store):
        rows = [self.later(n, NOW - n) for n in range(5)] + [self.later(9, NOW + 1)]
        await hot_store.write(lambda tx: hot.write_due(tx, rows))
        take = lambda tx: hot.take_due(tx, NOW, 3)  # noqa: E731
        assert await hot_store.write(take) == [rows[4], rows[3], rows[2]]
        assert await hot_store.write(take) == [rows[4], rows[3], rows[2]]  # taking is not deleting
        await hot_store.write(lambda tx: hot.drop_due(tx, rows[2:5]))
        assert await hot_store.write(take) == [rows[1], rows[0]]

    async def test_a_repeated_due_row_stays_and_a_later_one_takes_its_place(self, hot_store):
        first, same, later = self.later(1, NOW, value=b"1"), self.later(1, NOW, value=b"2"), self.later(1, NOW + 5, value=b"3")
        take = lambda tx: hot.take_due(tx, NOW + 9, 9)  # noqa: E731
        await hot_store.write(lambda tx: hot.write_due(tx, [first, same]))
        await hot_store.write(lambda tx: hot.write_due(tx, [same]))
        assert await hot_store.write(take) == [first]
        await hot_store.write(lambda tx: hot.write_due(tx, [later]))
        await hot_store.write(lambda tx: hot.drop_due(tx, [first]))  # appended meanwhile; the retry after it must not go with it
        assert await hot_store.write(take) == [later]
        await hot_store.write(lambda tx: hot.write_due(tx, [first]))
        await hot_store.write(lambda tx: hot.drop_due(tx, [later]))  # nor what was written again while the later one was being appended
        (left,) = await hot_store.write(take)
        assert (left.value, left.at) == (later.value, pytest.approx(later.at, abs=0.01))
        await hot_store.write(lambda tx: hot.drop_due(tx, [left]))
        assert await hot_store.write(take) == []

    async def test_due_rows_of_kinds_and_spaces_are_apart(self, hot_store):
        rows = [self.later(1, NOW), self.later(1, NOW, kind="release"), self.later(1, NOW, space=2)]
        await hot_store.write(lambda tx: hot.write_due(tx, rows))
        await hot_store.write(lambda tx: hot.drop_due(tx, rows[:1]))
        left = await hot_store.write(lambda tx: hot.take_due(tx, NOW, 9))
        assert sorted(left, key=lambda r: r.kind) == rows[1:]

    # ---- whatever happens, in whatever order

    # one store for all examples, which decide about rows of their own; the subclasses of this suite are the differing executors
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(seed=st.integers(0, 2**32), steps=st.lists(st.sampled_from(["decide", "repeat", "move", "attempt"]), min_size=3, max_size=12))
    @example(seed=33, steps=["decide", "decide", "attempt"])  # outcomes of one delivery in two generations, in one chunk
    async def test_deltas_equal_rows_and_rows_equal_a_plain_model(self, hot_store, seed, steps):
        chance = random.Random(seed)
        base = next(RUN) << 16  # examples share the store: each decides about its own
        rows, model = [], {}
        for step in steps:
            if step == "decide" or not rows:
                fresh = [
                    one(base + len(rows) + n, states=chance.choices((State.PENDING, State.HELD), k=chance.randint(0, 3))) for n in range(3)
                ]
                rows += fresh
                await self.decide(hot_store, *fresh)
                model |= {d.id: (0, d.state) for r in fresh for d in r.deliveries}
            elif step == "repeat":
                again = chance.choices(rows, k=3)
                answer = await self.decide(hot_store, *again)
                assert answer.pending == {i for i in ids(*again) if model[i][1] == State.PENDING}
                assert answer.held == {i for i in ids(*again) if model[i][1] == State.HELD}
            else:
                some = [(r, n) for r in chance.choices(rows, k=5) for n in range(len(r.deliveries))]
                moves = [move(r, s, n=n, generation=g) for r, n in some for s, g in [chance.choice(PLACES)]]
                if step == "move":
                    moved = await self.moves(hot_store, *moves)
                else:
                    starts = [hot.Start(1, m.delivery, chance.randint(1, 2), "smtp") for m in moves]
                    await self.attempts(hot_store, starts=starts)
                    await self.attempts(hot_store, [hot.Outcome(chance.randint(1, 2), m.state, "", "", m) for m in moves], starts)
                before = dict(model)
                for m in moves:
                    model[m.delivery] = max(model[m.delivery], (m.generation, m.state))
                if step == "move":
                    assert moved == {i for i in model if model[i] != before[i]}
        found = await hot_store.read(lambda tx: hot.states_of(tx, 1, list(model)))
        assert found == model
        await balanced(hot_store)
