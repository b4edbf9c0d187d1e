"""How names are written when they are searched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regapp.rules.searching import KEPT, search_key


@pytest.mark.parametrize(
    ("word", "key"),
    [
        pytest.param("Őrsi", "orsi", id="double accents"),
        pytest.param("ŁÓDŹ", "lodz", id="a stroke, in capitals"),
        pytest.param("Großmann", "grossmann", id="sharp s"),
        pytest.param("Þórsson", "thorsson", id="thorn"),
        pytest.param("ＡＢＣ", "abc", id="wide letters"),
        pytest.param("Παπαδάκη", "παπαδακη", id="Greek"),
        pytest.param("Șevcenko  İnan", "sevcenko  inan", id="comma below and a dotted capital"),
        pytest.param("佐藤", "佐藤", id="no letters of ours"),
    ],
)
def test_case_and_accents_do_not_matter(word: str, key: str) -> None:
    assert search_key(word) == key


def test_what_is_missing_leaves_no_gap() -> None:
    assert search_key("Kiss", None, "", "Ana") == "kiss ana"


@given(st.lists(st.one_of(st.none(), st.text(max_size=300)), max_size=5))
def test_a_key_fits_into_an_index_and_a_key_of_it_is_the_same(words: list[str | None]) -> None:
    key = search_key(*words)

    assert len(key) <= 5 * (KEPT + 1)
    assert search_key(key[:KEPT]) == key[:KEPT] or not key.isascii()
