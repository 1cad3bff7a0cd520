"""Patches that break the promises of the house, each with the test that must go red. `sabotage.py` applies them to copies.

An edit is (file, text that stands there exactly once, text in its place).
"""

from typing import NamedTuple

LINE = "tests/line"


class Break(NamedTuple):
    """`test` is a pytest node id; it is green on the tree as it is."""

    promise: int
    name: str
    test: str
    edits: list[tuple[str, str, str]]


BREAKS = [
    # 1. accepted is durable and accounted for
    Break(1, "the mark advances at the read", f"{LINE}/test_kills.py::test_killed_and_started_again[embedded]", [
        ("workers/stage.py", '            self._faults.at("after_read")\n', '            self._faults.at("after_read")\n            await reader.mark(ends(records))\n'),
    ]),
    Break(1, "planned is taken from the outcomes", f"{LINE}/test_ledger.py::test_a_unit_that_a_mistake_of_ours_drops_is_missed_and_said[embedded]", [
        ("workers/decided.py", "        planned_units(facts), tuple(skipped)", "        len(decision.units), tuple(skipped)"),
    ]),
    Break(1, "who is not decided yet is forgotten", f"{LINE}/test_event.py::test_accepted_and_not_yet_decided_is_pending[embedded]", [
        ("backend/app/explain.py", "ledger=LedgerView(planned=n, pending=n)", "ledger=LedgerView(planned=n)"),
    ]),
    Break(1, "a repeated batch appends only what is new", f"{LINE}/test_kills.py::test_killed_and_started_again[servers]", [
        ("backend/store/hot_postgres.py", "in _by_day(known, lambda", "in _by_day([], lambda"),
    ]),
    # 2. one delivery however often its event arrives or a process dies
    Break(2, "the producer's id is not looked at", f"{LINE}/test_event.py::test_a_repeat_by_id_is_the_same_event[embedded]", [
        ("backend/app/events.py", "        repeats = await self._claim(actor, ready)\n", "        repeats: set[bytes] = set()\n"),
    ]),
    Break(2, "attempts on record are not looked at", f"{LINE}/test_kills.py::test_killed_and_started_again[embedded]", [
        ("workers/deliver.py", "        repeated = [item for item in go if item.delivery.id not in fresh]\n", "        fresh.update(item.delivery.id for item in go)\n        repeated: list[Item] = []\n"),
    ]),
    Break(2, "a start asks for nothing", "tests/stages/test_deliver.py::test_a_record_that_comes_again_sends_nothing_that_was_stopped_since", [
        ("backend/store/hot_sqlite.py", "  where d.id in ({{}}) and d.state in ({int(State.PENDING)}, {int(State.RETRYING)})", "  where d.id in ({{}}) and d.state >= 0"),
    ]),
    Break(2, "a living process is taken for a dead one", f"{LINE}/test_rebalance.py::test_a_process_that_joins_repeats_nothing_of_one_that_lives", [
        ("workers/commit.py", "    alone = False\n", "    alone = True\n"),
    ]),
    Break(2, "notifications are made by chance", f"{LINE}/test_kills.py::test_killed_and_started_again[servers]", [
        ("workers/decided.py", "    event = facts.event\n    notification = notification_id(event.id, event.person)\n", "    event = facts.event\n    notification = event.id[:8] + __import__('os').urandom(8)\n"),
    ]),
    Break(2, "a schedule fires for each who looks", f"{LINE}/test_schedules.py::test_many_stages_at_once_fire_once[embedded]", [
        ("backend/store/schedules.py", "with_for_update(skip_locked=True)).first() is None:", "with_for_update(skip_locked=True)).first() is False:"),
        ("backend/domain/schedule.py", "repr(planned).encode())", "repr(planned).encode(), __import__('os').urandom(8))"),
    ]),
    Break(2, "who is told by a zone is asked anew", f"{LINE}/test_schedules.py::test_at_nine_on_each_ones_own_clock[embedded]", [
        ("workers/expand.py", "    if owner == event.id and not fanout.recipients:", "    if owner == event.id and not fanouts.size(tx, event.space, b''):"),
        ("backend/app/firing.py", "taken = fanouts.take_zones(tx, event.space, event.id, made.named(tx, event.space, self.app.clock.now()), part.zones)", "taken = fanouts.living(tx, event.space, made.named(tx, event.space, self.app.clock.now()), part.zones)"),
    ]),
    # 3. the order of acceptance
    Break(3, "a retry holds nothing back", f"{LINE}/test_ordered.py::test_later_ones_wait_behind_one_that_is_tried_again_and_come_in_order[embedded]", [
        ("workers/ordered.py", "                opened.append(place_of(item, after.later.at))\n", "                pass\n"),
    ]),
    Break(3, "who waits for a turn is waited behind by nobody", f"{LINE}/test_ordered.py::test_the_order_holds_while_each_of_many_fails_by_chance[embedded]", [
        ("backend/store/ahead.py", "        still = [row for row in rows if", "        still = [] and [row for row in rows if"),
    ]),
    Break(3, "who waited is left to its own next look", f"{LINE}/test_ordered.py::test_who_waited_comes_when_the_one_before_was_sent_and_not_at_a_look_of_its_own[embedded]", [
        ("workers/ordered.py", "        ahead.bring(tx, ended, now)\n", ""),
    ]),
    Break(3, "lanes of a provider by chance", f"{LINE}/test_order.py::test_one_person_gets_everything_in_the_order_of_acceptance[embedded]", [
        ("workers/deliver.py", "        lane = lane_of(item.delivery, item.provider.lanes)\n", "        lane = int(self._rnd() * item.provider.lanes)\n"),
    ]),
    Break(3, "records of a batch in another order", f"{LINE}/test_order.py::test_one_person_gets_everything_in_the_order_of_acceptance[embedded]", [
        ("workers/decide.py", "    return [decided.record_of(one.event, way, one.headers) for one, way in ways if", "    return [decided.record_of(one.event, way, one.headers) for one, way in reversed(ways) if"),
    ]),
    # 4. critical never behind a campaign
    Break(4, "the least urgent lane flies first", f"{LINE}/test_order.py::test_what_is_critical_overtakes_a_campaign_that_waits[embedded]", [
        ("workers/deliver.py", "topics.deliveries(channel, priority) for priority in PRIORITIES]", "topics.deliveries(channel, priority) for priority in reversed(PRIORITIES)]"),
    ]),
    Break(4, "all priorities share a lane", f"{LINE}/test_order.py::test_what_is_critical_overtakes_a_campaign_that_waits[embedded]", [
        ("workers/decided.py", "for c in CHANNELS for p in PRIORITIES}", "for c in CHANNELS for p in PRIORITIES}\nTOPIC = {key: topics.deliveries(CHANNEL_NAME[key[0]], 'low') for key in TOPIC}"),
    ]),
    # 5. every decision carries its reasons
    Break(5, "the trace is not kept", f"{LINE}/test_event.py::test_each_channel_keeps_why_it_went_or_not[embedded]", [
        ("workers/decided.py", "_pack(decision), tuple(rows)", "_pack(Decision(())), tuple(rows)"),
    ]),
    Break(5, "a stop keeps no reason", f"{LINE}/test_event.py::test_each_channel_keeps_why_it_went_or_not[embedded]", [
        ("backend/domain/gates.py", 'outcome, reasons = "skip", (reason, *reasons)\n', 'outcome, reasons = "skip", ()\n'),
    ]),
    # 6. the dry run and the real run are the same function
    Break(6, "the dry run knows no suppressions", f"{LINE}/test_dry_run.py::test_a_suppressed_address_is_foretold[embedded]", [
        ("backend/app/events.py", "            if facts is not None:\n", "            if facts is not None:\n                clean = tuple(msgspec.structs.replace(a, suppressed='') for a in facts.person.addresses)\n                facts = msgspec.structs.replace(facts, person=msgspec.structs.replace(facts.person, addresses=clean))\n"),
    ]),
    Break(6, "the dry run looks at another hour", f"{LINE}/test_dry_run.py::test_the_dry_run_of_an_event_is_what_then_happens[embedded]", [
        ("backend/app/events.py", "max(now, made.event.send_at)", "now + 5 * 3600.0"),
    ]),
    Break(6, "the forecast of a campaign asks at another moment", f"{LINE}/test_forecast.py::test_a_forecast_in_a_frozen_world_is_what_the_run_then_does[embedded-own-zone]", [
        ("backend/facts.py", "            moment = moment_of(facts.timezone)\n", "            moment = moment_of('UTC')\n"),
    ]),
    Break(6, "a run forgets whose own hour is over", f"{LINE}/test_forecast.py::test_a_forecast_in_a_frozen_world_is_what_the_run_then_does[embedded-own-hour-over]", [
        ("backend/domain/run.py", "body.expires, body.grace, began)", "body.expires, None, began)"),
    ]),
    Break(6, "the forecast forgets the pace", f"{LINE}/test_forecast.py::test_a_pace_is_foreseen_person_by_person[embedded-window]", [
        ("backend/app/foreseeing.py", "        if n and n % share(pace) == 0:\n", "        if False:\n"),
    ]),
    Break(6, "a run keeps no difference from its forecast", f"{LINE}/test_forecast.py::test_what_changed_between_forecast_and_run_is_named_with_cause_and_time[embedded]", [
        ("workers/decide.py", "                if event.foreseen and (differing :=", "                if event.root and (differing :="),
    ]),
    Break(6, "the forecast tells the holdout", f"{LINE}/test_forecast.py::test_a_forecast_in_a_frozen_world_is_what_the_run_then_does[embedded-experiment]", [
        ("backend/app/foreseeing.py", "        variant, _ = assigned(self.row.campaign, self.campaign, person.user_id)\n", "        variant = max(0, assigned(self.row.campaign, self.campaign, person.user_id)[0])\n"),
    ]),
    # 7. nothing is sent that suppression, consent or law forbids
    Break(7, "consent is not asked after a hold", f"{LINE}/test_waiting.py::test_who_opts_out_during_the_hold_gets_nothing[embedded]", [
        ("backend/domain/gates.py", "facts.event.address, len(_ASK))", "facts.event.address, 5)"),
        ("backend/domain/gates.py", "RECHECKED = 8", "RECHECKED = 5"),
    ]),
    Break(7, "nothing is rechecked before the provider", f"{LINE}/test_waiting.py::test_an_address_suppressed_between_two_tries_gets_nothing[embedded]", [
        ("workers/lastcheck.py", '                if unit.outcome != "send":\n', '                if unit.outcome != "send" and self._stopping is None:\n'),
    ]),
    Break(7, "marketing needs no yes", f"{LINE}/test_wishes.py::test_marketing_needs_a_recorded_yes[embedded]", [
        ("backend/domain/gates.py", "    if refused is not None:\n", "    if refused is not None and not refused:\n"),
    ]),
    Break(7, "a halt is not asked at the last step", f"{LINE}/test_halts.py::test_a_halt_during_a_load_stops_the_sink_within_two_seconds_and_loses_nothing[embedded]", [
        ("workers/brake.py", "        halted = self._halted.get(delivery.space)\n        if not halted:", "        halted = self._halted.get(delivery.space)\n        if halted or not halted:"),
    ]),
    Break(1, "what a halt held is let go and forgotten", f"{LINE}/test_halts.py::test_a_halt_during_a_load_stops_the_sink_within_two_seconds_and_loses_nothing[embedded]", [
        ("backend/app/halts.py", "            parked.begin(tx, actor.space, scope, self.app.clock.now())\n", ""),
    ]),
    Break(2, "a refused address opens the breaker", f"{LINE}/test_providers.py::test_a_refused_address_goes_to_nobody_else", [
        ("backend/domain/breaker.py", '("accepted", "delivered", "refused", "bad_address"))', '("accepted", "delivered"))'),
        ("backend/domain/breaker.py", '("temporary", "unknown"))', '("temporary", "unknown", "refused", "bad_address"))'),
    ]),
    Break(4, "a fan-out is released all at once", "tests/stages/test_expand.py::test_a_large_group_in_chunks_that_wait_until_enough_of_it_was_carried_out[sqlite]", [
        ("backend/domain/pacing.py", "    return flight > 0 and flight + more > limit(pace)", "    return flight < 0"),
    ]),
    Break(2, "a goodbye of Apple's takes what it did not look at with it", "tests/channels/test_apns.py::test_a_goodbye_gives_back_what_was_not_looked_at_and_the_others_are_answered", [
        ("backend/channels/apns_link.py", "if number > last]", "if number > last + 100]"),
    ]),
    Break(2, "what Apple has begun goes out again", "tests/channels/test_apns.py::test_nothing_is_lost_and_nothing_doubled_by_a_goodbye_every_200_requests_with_50_in_flight", [
        ("backend/channels/apns_link.py", "if number > last]", "if number > last - 8]"),
    ]),
    Break(7, "a device that is dead is told all the same", f"{LINE}/test_push.py::test_a_dead_device_gets_nothing_until_its_app_registers_it_and_apple_speaks_of_the_time_before", [
        ("backend/channels/apns_answers.py", '    "Unregistered": "bad_address",\n', '    "Unregistered": "refused",\n'),
    ]),
    Break(8, "a phone that changed hands rings for its former owner", "tests/app/test_devices.py::test_a_phone_that_changed_hands_is_no_longer_the_others[embedded]", [
        ("backend/app/devices.py", "        persons.remove_address(tx, space, person, PUSH, row.hash)\n    return left", "        pass\n    return left"),
    ]),
    # 8. nobody sees or changes what is not theirs
    Break(8, "one guard of the facade is missing", "tests/app/test_enumeration.py::test_who_may_not_is_refused_and_nothing_changes[events.accept]", [
        ("backend/app/events.py", '        need(actor, "events.send")\n        made = await acceptance.prepare(self.app, actor, items,', "        made = await acceptance.prepare(self.app, actor, items,"),
    ]),
    Break(8, "one read forgets the space", f"{LINE}/test_spaces.py::test_the_same_names_in_two_spaces_are_different_people[embedded]", [
        ("backend/store/history.py", "where(events.c.id == made, events.c.space == space)", "where(events.c.id == made)"),
    ]),
    Break(8, "a list forgets the space", f"{LINE}/test_spaces.py::test_the_same_names_in_two_spaces_are_different_people[embedded]", [
        ("backend/store/delivery_rows.py", "= [d.space == space]\n", "= [d.space >= 0]\n"),
        ("backend/store/history.py", "where(deliveries.c.id.in_(list(made)), deliveries.c.space == space)", "where(deliveries.c.id.in_(list(made)))"),
        ("backend/store/history.py", "where(notifications.c.id.in_(list(made)), notifications.c.space == space)", "where(notifications.c.id.in_(list(made)))"),
    ]),
]  # fmt: skip
