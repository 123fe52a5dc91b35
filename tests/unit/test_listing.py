"""Names in a row."""

from core.listing import listed


def test_lists_in_words():
    assert [listed(list("abcde"[:n])) for n in (0, 1, 2, 3, 5)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and 2 more",
    ]
