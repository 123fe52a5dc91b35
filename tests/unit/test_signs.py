"""Signs as people read them."""

import math

from core import signs


def test_a_minus_is_a_minus():
    assert signs.minus("-0.5 to -1e-05") == "−0.5 to −1e−05"
    assert signs.decimal(-118.2698, 2) == "−118.27"
    assert signs.decimal(3.0, 1) == "3.0"


def test_a_difference_has_its_sign_and_zero_none():
    assert [signs.signed(v, 3) for v in (0.0123, -0.0123)] == ["+0.012", "−0.012"]
    assert [signs.signed(v, 2) for v in (0.0, -0.0, 0.004, -0.004)] == ["0.00"] * 4
    assert signs.decimal(-0.0001, 2) == "0.00"


def test_what_is_no_number_says_so():
    assert signs.signed(math.nan, 2) == "nan"
    assert signs.decimal(math.nan, 2) == "nan"
