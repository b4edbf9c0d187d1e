"""What does not fit together in the settings of an event."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regapp.rules.fitting import SERIOUS, Finding, Misfit, misfits, missing_texts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
START = NOW + 60 * DAY
TEXTS = {"en": {"name": "Forum", "description": "Two days.", "venue": "Hall", "organiser": "Office"}}


@dataclass(frozen=True)
class Kind:
    """A category with which nothing is wrong in the event below."""

    id: int = 1
    counts: bool = True
    hidden: bool = False
    size: int | None = 10
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """An event with which nothing is wrong."""

    opens_at: datetime = NOW + DAY
    closes_at: datetime = START - 7 * DAY
    starts_at: datetime = START
    ends_at: datetime = START + DAY
    serve_until: datetime | None = None
    change_until: datetime | None = None
    retain_until: datetime | None = None
    waitlist_limit: int | None = None
    size: int | None = 10
    taken: int = 0
    online_url: str | None = None
    texts: dict[str, dict[str, Any]] = field(default_factory=lambda: TEXTS)
    categories: tuple[Kind, ...] = ()


def _without(key: str) -> dict[str, dict[str, str]]:
    return {"en": {name: text for name, text in TEXTS["en"].items() if name != key}}


def _codes(langs: tuple[str, ...] = ("en",), *, contactable: bool = True, **changes: Any) -> list[Misfit]:
    found = misfits(replace(Plan(), **changes), langs=langs, contactable=contactable, now=NOW)
    return [finding.code for finding in found]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [], id="all is well"),
        pytest.param({"ends_at": START}, [Misfit.ENDS_BEFORE_START], id="ends as it begins"),
        pytest.param({"starts_at": NOW, "closes_at": NOW, "opens_at": NOW - DAY}, [Misfit.STARTED_ALREADY], id="begun"),
        pytest.param(
            {"starts_at": NOW - DAY, "ends_at": NOW, "closes_at": NOW - 2 * DAY, "opens_at": NOW - 3 * DAY},
            [Misfit.OVER_ALREADY], id="over",
        ),
        pytest.param({"retain_until": START}, [Misfit.RETAINED_TOO_SHORT], id="erased before the end"),
        pytest.param({"retain_until": START + DAY}, [], id="erased at the end"),
        pytest.param({"opens_at": START - 7 * DAY}, [Misfit.OPENS_AFTER_CLOSING], id="opens as it closes"),
        pytest.param({"closes_at": START + DAY}, [Misfit.CLOSES_AFTER_START], id="closes after the start"),
        pytest.param({"closes_at": START}, [], id="closes at the start"),
        pytest.param({"closes_at": NOW, "opens_at": NOW - DAY}, [Misfit.CLOSED_ALREADY], id="closed already"),
        pytest.param({"change_until": START + DAY}, [Misfit.CHANGE_AFTER_START], id="changed after the start"),
        pytest.param({"change_until": START}, [], id="changed until the start"),
        pytest.param({"serve_until": START - 8 * DAY}, [Misfit.SERVED_UNTIL_BEFORE_CLOSING], id="serving ends first"),
        pytest.param({"serve_until": START - 7 * DAY}, [], id="serving ends with registration"),
        pytest.param({"serve_until": START + DAY}, [Misfit.SERVED_UNTIL_AFTER_START], id="served after the start"),
        pytest.param({"size": None, "waitlist_limit": 0}, [Misfit.NO_LIMIT], id="no limit"),
        pytest.param({"size": 0}, [Misfit.NO_PLACES], id="a list of interest"),
        pytest.param({"taken": 11}, [Misfit.TOO_MANY_TAKEN], id="more taken than there are"),
        pytest.param({"taken": 10}, [], id="full"),
        pytest.param({"waitlist_limit": 0}, [Misfit.NO_WAITLIST], id="no waiting list"),
        pytest.param({"waitlist_limit": 1}, [], id="a short waiting list"),
        pytest.param({"contactable": False}, [Misfit.NO_CONTACT], id="no contact"),
        pytest.param({"online_url": "http://meet.example"}, [Misfit.ONLINE_UNPROTECTED], id="unprotected"),
        pytest.param({"online_url": "https://meet.example"}, [], id="online"),
        pytest.param({"texts": _without("description")}, [Misfit.NO_DESCRIPTION], id="no word"),
        pytest.param({"texts": _without("organiser")}, [Misfit.NO_ORGANISER], id="by nobody"),
        pytest.param({"texts": _without("venue")}, [Misfit.NO_PLACE], id="nowhere"),
        pytest.param({"texts": _without("venue"), "online_url": "https://meet.example"}, [], id="only online"),
        pytest.param({"texts": _without("name")}, [Misfit.NO_NAME], id="no name"),
        pytest.param({"langs": ("en", "hu")}, [Misfit.LANGUAGE_MISSING], id="a language without texts"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(changes: dict[str, Any], expected: list[Misfit]) -> None:
    assert _codes(**changes) == expected


def test_serious_things_come_first() -> None:
    found = _codes(waitlist_limit=0, retain_until=START)

    assert found == [Misfit.RETAINED_TOO_SHORT, Misfit.NO_WAITLIST]
    assert found[0] in SERIOUS
    assert found[1] not in SERIOUS


def test_texts_that_one_language_lacks_are_named_in_their_order() -> None:
    texts = {
        "en": {"summary": "Two days", "name": "Forum", "description": "x", "venue": "Hall", "organiser": "Office"},
        "hu": {"name": "Fórum", "organiser": "Iroda"},
    }

    found = misfits(replace(Plan(), texts=texts), langs=("en", "hu"), contactable=True, now=NOW)

    assert found == [Finding(Misfit.TEXTS_MISSING, "hu", ("summary", "description", "venue"))]


def test_empty_texts_are_missing_too() -> None:
    assert missing_texts({"en": {"name": "Forum"}, "hu": {"name": ""}}, "hu") == ("name",)
    assert missing_texts({"en": {"name": "Forum"}, "hu": {}}, "en") == ()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        pytest.param([Kind()], [], id="all is well"),
        pytest.param([Kind(size=6), Kind(size=6)], [], id="more in all than the event has"),
        pytest.param([Kind(size=4), Kind(size=5)], [Misfit.CATEGORIES_TOO_SMALL], id="fewer in all"),
        pytest.param([Kind(size=4), Kind(size=None)], [], id="one without a limit"),
        pytest.param([Kind(size=4, counts=False)], [], id="none that counts"),
        pytest.param([Kind(size=11)], [Misfit.CATEGORY_TOO_LARGE], id="larger than the event"),
        pytest.param([Kind(size=11, counts=False)], [], id="larger, but takes no places"),
        pytest.param([Kind(hidden=True)], [Misfit.ALL_HIDDEN], id="all hidden"),
        pytest.param([Kind(), Kind(size=1, hidden=True)], [], id="one hidden"),
        pytest.param([Kind(opens_at=START)], [Misfit.CATEGORY_NEVER_OPEN], id="opens after registration has closed"),
        pytest.param([Kind(closes_at=NOW)], [Misfit.CATEGORY_NEVER_OPEN], id="closes before registration opens"),
        pytest.param([Kind(), Kind(hidden=True, closes_at=NOW)], [], id="a hidden one needs no window"),
    ],
)
def test_categories_and_the_event_fit_together(kinds: list[Kind], expected: list[Misfit]) -> None:
    assert _codes(categories=tuple(kinds)) == expected


def test_a_category_is_of_no_account_in_an_event_without_a_limit() -> None:
    assert _codes(size=None, categories=(Kind(size=1), Kind(size=10**6))) == [Misfit.NO_LIMIT]
