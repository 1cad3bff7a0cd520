"""The drills' short form: one process under load is killed with -9, its mail server cuts connections, its clock jumps; two files judge."""

import time

import pytest

from tests.drills.conftest import judged
from tests.drills.load import moving, under_load, until, verdict
from tests.drills.plant import plant

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]


async def test_killed_and_cut_off_under_load(tmp_path):
    with plant("embedded", tmp_path / "place") as made:
        await made.start()
        async with under_load(made):
            await made.kill("all1")
            await made.start("all1")
            await moving(made, time.time())
            made.behave(drop=True)
            await until(lambda: verdict(made).open > 0)
            made.behave()
            made.shift_clock(3_600.0)
            await moving(made, time.time())
        found = verdict(made)
        assert found.accepted > 100
        assert found.open > 0
        judged(made, found)
