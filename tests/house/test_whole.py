"""The whole run: every test in one of its parts, what fails is looked at a second time, alone, and never forgotten."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.whole import PARTS, parts

ROOT = Path(__file__).resolve().parents[2]
RACED = "from pathlib import Path\n\ndef test_raced():\n    mark = Path(__file__).with_suffix('.seen')\n    seen = mark.exists()\n    mark.touch()\n    assert seen\n"
BROKEN = "\n\ndef test_broken():\n    assert False\n"
WELL = "\n\ndef test_well():\n    pass\n"
MANY = "".join(BROKEN.replace("broken", f"broken_{n}") for n in range(2))
LONG = "import os, time\nfrom pathlib import Path\n\ndef test_long():\n    try:\n        Path('begun').write_text(str(os.getpid()))\n        time.sleep(200)\n    finally:\n        Path('tidied').touch()\n"
MEET = "import time\nfrom pathlib import Path\n\ndef test_meet():\n    Path('{mine}').touch()\n    end = time.monotonic() + 60\n    while not Path('{other}').exists():\n        assert time.monotonic() < end\n        time.sleep(0.01)\n"


@pytest.fixture
def whole(tmp_path):
    """Start the whole run of a tree of tests: texts by their places below `tests`."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def start(sources, *args):
        for place, text in sources.items():
            path = tmp_path / "tests" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        where = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
        return subprocess.Popen([sys.executable, "-m", "tests.whole", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **where)

    return start


def ended(process):
    """Its exit code and what it said."""
    with process:
        out, _ = process.communicate(timeout=120)
        return process.returncode, out


def test_every_test_is_in_exactly_one_part():
    found = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts]
    made = parts(Path("tests")) if Path("tests").resolve() == ROOT / "tests" else parts(ROOT / "tests")
    assert len(made) == len(PARTS)
    for path in found:
        mine = [part.name for part in made if _takes(part, path)]
        assert len(mine) == 1, (path, mine)


def _takes(part, path):
    inside = [Path(one) for one in part.args if not one.startswith("--ignore=")]
    outside = [Path(one.removeprefix("--ignore=")) for one in part.args if one.startswith("--ignore=")]
    return any(_below(path, one) for one in inside) and not any(_below(path, one) for one in outside)


def _below(path, place):
    place = (ROOT / place).relative_to(ROOT)
    return path == place or place in path.parents


@pytest.mark.parametrize(
    ("sources", "code", "said"),
    [
        ({"line/test_some.py": WELL, "app/test_other.py": WELL}, 0, []),
        ({"line/test_some.py": RACED + WELL, "app/test_other.py": WELL}, 0, ["FAILED BESIDE THE OTHERS, PASSED ALONE", "test_raced: find what it raced"]),
        ({"line/test_some.py": RACED + WELL, "app/test_other.py": BROKEN}, 1, ["FAILED TWICE", "test_broken", "FAILED BESIDE THE OTHERS, PASSED ALONE"]),
        ({"line/test_some.py": MANY, "app/test_other.py": BROKEN}, 1, ["2 failed", "1 failed"]),
        ({"line/test_some.py": "syntax error", "app/test_other.py": WELL}, 2, ["1 passed", "SyntaxError"]),
        ({"portal/test_some.py": WELL, "portal/e2e/test_some.py": BROKEN}, 1, ["1 passed", "1 failed", "FAILED TWICE"]),
    ],
    ids=["well", "one_raced", "one_broken", "too_many", "not_even_read", "below_another"],
)
def test_what_failed_is_run_alone_once(whole, sources, code, said):
    how, out = ended(whole(sources))
    assert how == code, out
    for one in said:
        assert one in out
    assert out.count("FAILED TWICE") == (1 if "FAILED TWICE" in said else 0)


def test_what_is_asked_for_may_be_in_one_part_or_in_none(whole):
    sources = {"line/test_some.py": WELL, "app/test_other.py": BROKEN}
    assert [ended(whole(sources, "-k", word))[0] for word in ("well", "nothing")] == [0, 5]
    assert ended(whole(sources, "tests/line"))[0] == 0


def test_two_parts_run_at_the_same_time(whole):
    code, out = ended(whole({"line/test_some.py": MEET.format(mine="line", other="app"), "app/test_other.py": MEET.format(mine="app", other="line")}))
    assert code == 0, out


def test_who_stops_it_stops_its_parts_in_order(whole, tmp_path):
    ran = whole({"line/test_some.py": LONG})
    while not (tmp_path / "begun").exists():
        assert ran.poll() is None
    ran.send_signal(signal.SIGINT)
    code, out = ended(ran)
    assert code == 2, out
    assert (tmp_path / "tidied").exists() and "KeyboardInterrupt" in out
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "begun").read_text()), 0)
