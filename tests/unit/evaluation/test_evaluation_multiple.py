"""Corrections for several tests: against their definitions and scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.evaluation.compare import PairedDifference, judge_together
from core.evaluation.multiple import benjamini_hochberg, holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)


@given(p_values)
def test_holm_by_its_definition(p):
    adjusted = holm(p)
    order = np.argsort(p, kind="stable")
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for step, place in enumerate(order):
            if p[place] * (len(p) - step) > level:
                break
            rejected.add(int(place))
        assert rejected == set(np.flatnonzero(adjusted <= level).tolist())


@given(p_values)
def test_benjamini_hochberg_is_scipys(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_undefined_ones_do_not_count():
    assert holm(np.array([0.02, np.nan, 0.03]))[[0, 2]] == pytest.approx([0.04, 0.04])
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()
    assert len(holm(np.array([]))) == 0


def difference(p_value, low=0.001, high=0.03):
    return PairedDifference(
        "roc_auc", 0.6, 0.6155, 0.0155, low, high, p_value, 900, "DeLong", 0.007
    )


def test_what_holds_alone_may_not_hold_among_many():
    (alone,) = judge_together([difference(0.03)])
    assert (alone.word, alone.p_value) == ("better", 0.03)
    assert "Holm" not in alone.sentence
    among = judge_together([difference(0.03), difference(0.4, -0.01), difference(0.0001)])
    assert [one.word for one in among] == ["neither", "neither", "better"]
    assert "chance alone gives that (Holm's p 0.06)" in among[0].sentence
    assert among[2].sentence.endswith("Holm's correction for 3 comparisons (p < 0.001)")
    undefined = difference(np.nan, np.nan, np.nan)
    assert [one.word for one in judge_together([undefined, difference(0.03)])] == [
        "neither",
        "better",
    ]


def test_no_difference_is_found_in_five_percent_of_families():
    rng = np.random.default_rng(4)
    families = [(holm(rng.random(5)) <= 0.05).any() for _ in range(2_000)]
    low, high = stats.binom.interval(0.999, 2_000, 0.05)
    assert low <= sum(families) <= high
