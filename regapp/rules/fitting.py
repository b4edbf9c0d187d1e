"""Whether the settings of an event fit together. Codes only: `web` makes sentences from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

TEXTS = (
    "name", "kicker", "summary", "description", "audience", "venue", "address", "languages", "organiser", "fact_title",
    "fact_text", "after", "privacy", "imprint",
)  # fmt: skip
"""The texts of an event, in the order in which organizers write them."""


class Misfit(StrEnum):
    """What does not fit. The serious ones keep an event from being published."""

    NO_NAME = "no_name"
    ENDS_BEFORE_START = "ends_before_start"
    OVER_ALREADY = "over_already"
    RETAINED_TOO_SHORT = "retained_too_short"
    STARTED_ALREADY = "started_already"
    OPENS_AFTER_CLOSING = "opens_after_closing"
    CLOSES_AFTER_START = "closes_after_start"
    CLOSED_ALREADY = "closed_already"
    CHANGE_AFTER_START = "change_after_start"
    SERVED_UNTIL_BEFORE_CLOSING = "served_until_before_closing"
    SERVED_UNTIL_AFTER_START = "served_until_after_start"
    CATEGORIES_TOO_SMALL = "categories_too_small"
    CATEGORY_TOO_LARGE = "category_too_large"
    CATEGORY_NEVER_OPEN = "category_never_open"
    ALL_HIDDEN = "all_hidden"
    NO_LIMIT = "no_limit"
    NO_PLACES = "no_places"
    TOO_MANY_TAKEN = "too_many_taken"
    NO_WAITLIST = "no_waitlist"
    NO_PLACE = "no_place"
    ONLINE_UNPROTECTED = "online_unprotected"
    NO_CONTACT = "no_contact"
    NO_DESCRIPTION = "no_description"
    NO_ORGANISER = "no_organiser"
    LANGUAGE_MISSING = "language_missing"
    TEXTS_MISSING = "texts_missing"


SERIOUS = frozenset({Misfit.NO_NAME, Misfit.ENDS_BEFORE_START, Misfit.OVER_ALREADY, Misfit.RETAINED_TOO_SHORT})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit. `lang` and `keys`: which texts are missing in which language.

    `about`: the id of a category.
    """

    code: Misfit
    lang: str | None = None
    keys: tuple[str, ...] = ()
    about: int | None = None


class Kind(Protocol):
    """What is read of a category."""

    @property
    def id(self) -> int: ...
    @property
    def counts(self) -> bool: ...
    @property
    def hidden(self) -> bool: ...
    @property
    def size(self) -> int | None: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...


class Plan(Protocol):
    """What is read of an event."""

    @property
    def opens_at(self) -> datetime: ...
    @property
    def closes_at(self) -> datetime: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def serve_until(self) -> datetime | None: ...
    @property
    def change_until(self) -> datetime | None: ...
    @property
    def retain_until(self) -> datetime | None: ...
    @property
    def waitlist_limit(self) -> int | None: ...
    @property
    def size(self) -> int | None: ...
    @property
    def taken(self) -> int: ...
    @property
    def online_url(self) -> str | None: ...
    @property
    def texts(self) -> dict[str, dict[str, Any]]: ...
    @property
    def categories(self) -> Sequence[Kind]: ...


def misfits(plan: Plan, *, langs: Iterable[str], contactable: bool, now: datetime) -> list[Finding]:
    """Return what does not fit, the serious things first. `langs`: the languages that pages speak."""
    codes = [*_dates(plan, now), *_windows(plan, now), *_places(plan), *_words(plan)]
    if not contactable:
        codes.append(Misfit.NO_CONTACT)
    found = [*(Finding(code) for code in codes), *_categories(plan)]
    found += [finding for lang in langs if (finding := _language(plan.texts, lang))]
    return sorted(found, key=lambda finding: finding.code not in SERIOUS)


def missing_texts(texts: Mapping[str, Mapping[str, Any]], lang: str) -> tuple[str, ...]:
    """Return which texts are written in another language, but not in this one."""
    mine = texts.get(lang, {})
    return tuple(key for key in TEXTS if not mine.get(key) and any(other.get(key) for other in texts.values()))


def _dates(plan: Plan, now: datetime) -> Iterator[Misfit]:
    if plan.ends_at <= plan.starts_at:
        yield Misfit.ENDS_BEFORE_START
    elif plan.ends_at <= now:
        yield Misfit.OVER_ALREADY
    elif plan.starts_at <= now:
        yield Misfit.STARTED_ALREADY
    if plan.retain_until is not None and plan.retain_until < plan.ends_at:
        yield Misfit.RETAINED_TOO_SHORT


def _windows(plan: Plan, now: datetime) -> Iterator[Misfit]:
    if plan.opens_at >= plan.closes_at:
        yield Misfit.OPENS_AFTER_CLOSING
    if plan.closes_at > plan.starts_at:
        yield Misfit.CLOSES_AFTER_START
    elif plan.closes_at <= now < plan.starts_at:
        yield Misfit.CLOSED_ALREADY
    if plan.change_until is not None and plan.change_until > plan.starts_at:
        yield Misfit.CHANGE_AFTER_START
    if plan.serve_until is not None and plan.serve_until > plan.starts_at:
        yield Misfit.SERVED_UNTIL_AFTER_START
    elif plan.serve_until is not None and plan.serve_until < plan.closes_at:
        yield Misfit.SERVED_UNTIL_BEFORE_CLOSING


def _places(plan: Plan) -> Iterator[Misfit]:
    if plan.size is None:
        yield Misfit.NO_LIMIT
        return
    if plan.size == 0:
        yield Misfit.NO_PLACES
    if plan.taken > plan.size:
        yield Misfit.TOO_MANY_TAKEN
    if plan.waitlist_limit == 0:
        yield Misfit.NO_WAITLIST


def _categories(plan: Plan) -> Iterator[Finding]:
    """Find limits that cannot be reached, and categories that nobody can ever choose."""
    kinds = plan.categories
    for kind in kinds:
        if plan.size is not None and kind.counts and kind.size is not None and kind.size > plan.size:
            yield Finding(Misfit.CATEGORY_TOO_LARGE, about=kind.id)
        if not kind.hidden and _never_open(plan, kind):
            yield Finding(Misfit.CATEGORY_NEVER_OPEN, about=kind.id)
    if kinds and all(kind.hidden for kind in kinds):
        yield Finding(Misfit.ALL_HIDDEN)
    sizes = [kind.size for kind in kinds if kind.counts]
    if sizes and plan.size is not None and sum(size or 0 for size in sizes) < plan.size and None not in sizes:
        yield Finding(Misfit.CATEGORIES_TOO_SMALL)


def _never_open(plan: Plan, kind: Kind) -> bool:
    """Say whether a category's own window and that of the event have nothing in common."""
    opens_at, closes_at = kind.opens_at or plan.opens_at, kind.closes_at or plan.closes_at
    return max(opens_at, plan.opens_at) >= min(closes_at, plan.closes_at)


def _words(plan: Plan) -> Iterator[Misfit]:
    if not _has(plan, "name"):
        yield Misfit.NO_NAME
    if not _has(plan, "description"):
        yield Misfit.NO_DESCRIPTION
    if not _has(plan, "organiser"):
        yield Misfit.NO_ORGANISER
    if not plan.online_url and not _has(plan, "venue"):
        yield Misfit.NO_PLACE
    if plan.online_url and not plan.online_url.startswith("https://"):
        yield Misfit.ONLINE_UNPROTECTED


def _has(plan: Plan, key: str) -> bool:
    return any(texts.get(key) for texts in plan.texts.values())


def _language(texts: dict[str, dict[str, Any]], lang: str) -> Finding | None:
    missing = missing_texts(texts, lang)
    if not missing:
        return None
    if not any(texts.get(lang, {}).values()):
        return Finding(Misfit.LANGUAGE_MISSING, lang)
    return Finding(Misfit.TEXTS_MISSING, lang, missing)
