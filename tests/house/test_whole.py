"""The whole run: what fails is looked at a second time, alone, and never forgotten."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RACED = "from pathlib import Path\n\ndef test_raced():\n    mark = Path(__file__).with_suffix('.seen')\n    seen = mark.exists()\n    mark.touch()\n    assert seen\n"
BROKEN = "\n\ndef test_broken():\n    assert False\n"
WELL = "\n\ndef test_well():\n    pass\n"


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        (RACED + WELL, 0, ["FAILED BESIDE THE OTHERS, PASSED ALONE", "test_raced: find what it raced"]),
        (RACED + BROKEN + WELL, 1, ["FAILED TWICE", "test_broken", "FAILED BESIDE THE OTHERS, PASSED ALONE"]),
        ("".join(BROKEN.replace("broken", f"broken_{n}") for n in range(3)), 1, ["3 failed"]),
    ],
    ids=["one_raced", "one_broken", "too_many"],
)
def test_what_failed_is_run_alone_once(tmp_path, source, code, said):
    (tmp_path / "test_some.py").write_text(source)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.whole"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    for one in said:
        assert one in ran.stdout
    assert ran.stdout.count("FAILED TWICE") == (1 if "FAILED TWICE" in said else 0)
