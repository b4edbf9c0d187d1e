"""From names to addresses."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regapp.rules.slugs import LENGTH, candidates, is_slug, slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("European Cluster Conference", "european-cluster-conference"),
        ("Fórum Győr, 2026!", "forum-gyor-2026"),
        ("Straße & Łódź", "strasse-lodz"),
        ("Smørrebrød på Ærø", "smorrebrod-pa-aero"),
        ("Κλαστερ Αθήνα", "klaster-athina"),
        ("Клъстерна среща", "klasterna-sreshta"),
        ("The Girls’ Day", "the-girls-day"),
        ("会议", "event"),
        ("🚣", "event"),
        ("--- ", "event"),
        ("word " * 40, "word-" * 12 + "word"),
        ("x" * 200, "x" * 68),
    ],
)
def test_a_name_becomes_plain_letters(name: str, slug: str) -> None:
    assert slugify(name) == slug


@given(st.text())
def test_whatever_a_name_is_its_address_is_one(name: str) -> None:
    assert all(is_slug(slug) for slug in islice(candidates(name, 2026), 4))


def test_the_next_of_the_same_name_gets_its_year_then_a_number() -> None:
    assert list(islice(candidates("Forum", 2026), 4)) == ["forum", "forum-2026", "forum-2026-2", "forum-2026-3"]
    assert list(islice(candidates("Forum 2026", 2026), 2)) == ["forum-2026", "forum-2026-2"]


@pytest.mark.parametrize("text", ["", "-a", "A", "a_b", "a/b", "é", "a" * (LENGTH + 1), "a\n"])
def test_what_cannot_be_part_of_an_address(text: str) -> None:
    assert not is_slug(text)
