"""Our sums beside those of gbstats, statsmodels and scipy, to six digits: on cases that are written down and on others drawn by chance."""

import json
import random
import subprocess
from pathlib import Path

import pytest

from backend.domain import statistics as s

HERE = Path(__file__).parent / "statistics"
PYTHON = Path(__file__).parents[2] / "build/statistics/bin/python"
WRITTEN = [
    (200, 1000, 250, 1000), (250, 1000, 200, 1000), (5_074, 61_204, 5_470, 61_388), (3, 500, 11, 500), (1, 40, 2, 35), (480, 500, 470, 500), (50, 1_000, 50, 1_000),
    (40_000, 1_000_000, 40_400, 1_000_000), (300_000, 1_000_000, 300_900, 1_000_000), (700_000, 1_000_000, 700_500, 1_000_000), (12, 300, 900, 20_000),
]  # fmt: skip


def asked(cases: list[dict[str, object]]) -> list[dict[str, object]]:
    """What the others say."""
    if not PYTHON.exists():
        pytest.fail("gbstats and statsmodels are not installed. `make test` installs them; by hand: make build/statistics/.done")
    made = subprocess.run([str(PYTHON), str(HERE / "answer.py")], input=json.dumps(cases), capture_output=True, text=True, timeout=300, check=False)
    assert made.returncode == 0, made.stderr
    found: list[dict[str, object]] = json.loads(made.stdout)
    return found


def near(value: object) -> object:
    """To six digits of it, or of one where it is tiny."""
    return pytest.approx(value, rel=1e-6, abs=1e-9)


def test_two_arms() -> None:
    draw = random.Random(20_261_126)
    cases = list(WRITTEN)
    for _ in range(150):
        a, b = draw.randint(30, 200_000), draw.randint(30, 200_000)
        rate = draw.uniform(0.02, 0.6)
        cases.append((max(1, int(a * rate)), a, max(1, int(b * min(0.9, rate * draw.uniform(0.9, 1.1)))), b))
    for case, found in zip(cases, asked([{"kind": "two", "counts": case} for case in cases]), strict=True):
        z, p = s.z_test(*case)
        _, low, high = s.always_valid(*case)
        ours = {"z": z, "p": p, "newcombe": list(s.newcombe(*case)), "interval": [low, high], "always_p": s.always_valid_p(*case), "wilson": list(s.wilson(*case[:2]))}
        assert ours == {name: near(found[name]) for name in ours}, case
        assert s.chance_better(*case) == pytest.approx(found["chance"], abs=1e-6), case


def test_splits_tails_several_and_sizes() -> None:
    draw = random.Random(7)
    splits = [([50_600, 49_400], [0.5, 0.5]), ([1_000, 1_010, 950], [1 / 3] * 3), ([700, 200, 100], [0.7, 0.2, 0.1]), ([130] * 8, [1 / 8] * 8), ([10_000, 9_500], [0.5, 0.5])]
    tails = [(draw.uniform(0.01, 60), draw.randint(1, 9)) for _ in range(100)]
    several = [[draw.random() ** 3 for _ in range(draw.randint(1, 8))] for _ in range(50)]
    sizes = [(0.2, 0.05, 0.05, 0.8), (0.05, 0.005, 0.05, 0.9), (0.4, 0.1, 0.01, 0.8), (0.01, 0.002, 0.05 / 7, 0.8)]
    cases: list[dict[str, object]] = [{"kind": "split", "people": people, "weights": weights} for people, weights in splits]
    cases += [{"kind": "tail", "value": value, "degrees": degrees} for value, degrees in tails]
    cases += [{"kind": "holm", "values": values} for values in several]
    cases += [{"kind": "once", "rate": rate, "gain": gain, "alpha": alpha, "power": power} for rate, gain, alpha, power in sizes]
    found = iter(asked(cases))
    for people, weights in splits:
        value, p = s.sample_ratio(people, weights)
        other = next(found)
        assert (value, p, p) == (near(other["value"]), near(other["p"]), near(other["gbstats"]))
    for value, degrees in tails:
        assert s.chi_square_tail(value, degrees) == near(next(found)["tail"])
    for values in several:
        assert s.holm(values) == near(next(found)["adjusted"])
    for rate, gain, alpha, power in sizes:
        assert s.once(rate, gain, alpha, power) == near(next(found)["each"])
