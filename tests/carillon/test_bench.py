"""The bench's own eyes: what a producer and a mail server write down is about the same mail, and peers get what they were promised."""

import re
from pathlib import Path

import pytest

import carillon.bench
from backend.domain import mime
from carillon.bench import __main__ as bench
from carillon.bench import arrivals, figures, offer, stand

PEER = Path(carillon.bench.__file__).with_name("peer")


async def test_a_mail_is_recognised_by_the_number_its_producer_gave_it(tmp_path):
    (tmp_path / "offered").write_text("7 1.000000 1.250000\n")
    offered = offer.read(tmp_path / "offered")
    subject = stand.SUBJECT.replace("{{ order_id }}", str(stand.order(7).data["order_id"]))
    sink = arrivals.Arrivals(tmp_path / "came")
    sink.took(mime.build("a@example.com", "us@example.com", "mia@example.com", subject, "<p>x</p>", "x"))
    sink.flush()
    assert arrivals.read(tmp_path / "came").keys() == offered.keys()
    assert next(iter(offered.values())) == offer.Offered(1.0, 1.25)
    await sink.close()


def test_a_plan_offers_whole_arrays():
    assert offer.Plan(rate=100, seconds=1.1, array=25).count == 100


def test_a_line_is_compared_without_its_start():
    start = [n / 10 for n in range(5)]  # ten a second while it joins
    assert figures.steady([*start, *(1 + n / 100 for n in range(95))]) == pytest.approx(100)


def test_an_unknown_part_is_refused_and_all_are_named(capsys):
    assert bench.main(["peerz"]) == 2
    said = capsys.readouterr().err
    assert "'peerz'" in said
    assert all(name in said for name in bench.BENCHES)


def test_peers_run_in_versions_that_are_pinned():
    asked = {re.split(r"[\[=<>]", line)[0] for line in (PEER / "requirements.in").read_text().splitlines()}
    pinned = {line.partition("==")[0] for line in (PEER / "requirements.lock").read_text().splitlines() if "==" in line}
    assert asked <= pinned


def test_a_whole_run_writes_its_own_part_of_the_page_and_leaves_what_people_wrote():
    page = bench.PAGE.read_text()
    made = bench.between(bench.between(page, "old\n"), "new\n")
    before, _, after = made.partition(f"{bench.BEGIN}new\n{bench.END}")
    assert page.startswith(before)
    assert page.endswith(after)
    assert "## On a quicker machine" in before


def test_a_page_without_a_place_for_it_is_left_alone():
    with pytest.raises(SystemExit, match="has no part for what is measured"):
        bench.between("# Benchmarks\n", "new\n")
