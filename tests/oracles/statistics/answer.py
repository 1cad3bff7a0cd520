"""Answers cases on stdin (JSON) by gbstats, statsmodels and scipy. Runs in an environment of its own: gbstats wants an old numpy."""

import json
import sys

from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import ProportionStatistic
from gbstats.utils import check_srm
from scipy import integrate, stats
from statsmodels.stats import multitest, power, proportion


def two(hits_a, a, hits_b, b):
    """Of two arms."""
    z, p = proportion.proportions_ztest([hits_b, hits_a], [b, a])
    low, high = proportion.confint_proportions_2indep(hits_b, b, hits_a, a, compare="diff", method="newcomb")
    test = SequentialTwoSidedTTest(ProportionStatistic(a, hits_a), ProportionStatistic(b, hits_b), SequentialConfig(difference_type="absolute"))
    found = test.compute_result()
    one, other = stats.beta(hits_a + 1, a - hits_a + 1), stats.beta(hits_b + 1, b - hits_b + 1)
    ends = sorted(dist.ppf(q) for dist in (one, other) for q in (1e-13, 1 - 1e-13))
    chance, _ = integrate.quad(lambda x: other.pdf(x) * one.cdf(x), ends[0], ends[-1], points=[other.mean(), one.mean()], epsabs=1e-12, epsrel=1e-12, limit=500)
    return {"z": z, "p": p, "newcombe": [low, high], "interval": list(found.ci), "always_p": found.p_value, "chance": chance,
            "wilson": list(proportion.proportion_confint(hits_a, a, method="wilson"))}  # fmt: skip


def answered(case):
    """One case."""
    match case["kind"]:
        case "two":
            return two(*case["counts"])
        case "split":
            weights = case["weights"]
            n = sum(case["people"])
            value, p = stats.chisquare(case["people"], [n * weight / sum(weights) for weight in weights])
            return {"value": value, "p": p, "gbstats": check_srm(case["people"], weights)}
        case "holm":
            return {"adjusted": list(multitest.multipletests(case["values"], method="holm")[1])}
        case "tail":
            return {"tail": stats.chi2.sf(case["value"], case["degrees"])}
        case "once":
            effect = proportion.proportion_effectsize(case["rate"] + case["gain"], case["rate"])
            # two-sided, without the power of being sure of the wrong side
            return {"each": power.NormalIndPower().solve_power(effect, alpha=case["alpha"] / 2, power=case["power"], alternative="larger")}
    raise ValueError(case)


json.dump([answered(case) for case in json.load(sys.stdin)], sys.stdout, default=float)
