"""Forms for what several organizers change: whoever saves second sees what changed meanwhile, and loses nothing.

A form carries a fingerprint of each value that it was drawn from. When it comes back, a value that is another one by
then was changed by somebody else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from wtforms import HiddenField

from regapp.web.fields import Tick
from regapp.web.forms import Form
from regapp.web.moments import Moment

YES = "yes"


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that somebody else changed meanwhile. `taken`: the form shows theirs now, since mine was as before."""

    field: str
    label: str
    theirs: str
    taken: bool


class SharedForm(Form):
    """A form that knows what it was drawn from. `agreed`: how many people its sender has agreed to tell by mail."""

    seen = HiddenField()
    agreed = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differences: list[Difference] = []
        self.must_tell: int | None = None

    @property
    def unseen(self) -> tuple[str, ...]:
        """Return the names of fields that nobody sees."""
        return ("csrf_token", "seen", "agreed")

    @property
    def people(self) -> int:
        """Return how many people may be told."""
        found = self.agreed.data or ""
        return int(found) if found.isascii() and found.isdecimal() and len(found) < 10 else 0

    def is_ready(self, stored: Mapping[str, str]) -> bool:
        """Say whether the form came back valid, and nobody has changed what it was drawn from; note what is not so.

        A form that was only asked for is filled from what is stored (name → text, as `text_of` gives it).
        """
        if request.method != "POST":
            for name, text in stored.items():
                put_text(self[name], text)
            self._mark(stored)
            return False
        valid = self.validate()
        if not self.is_stale:
            self.compare(stored)
        return bool(valid) and not self.differences

    def compare(self, stored: Mapping[str, str]) -> None:
        """Note what is stored differently from what the form was drawn from; what its sender left alone is taken."""
        before = _read(self.seen.data)
        self.differences = []
        for name, theirs in stored.items():
            mine = text_of(self[name])
            if mine == theirs or _fingerprint(theirs) == before.get(name):
                continue
            taken = _fingerprint(mine) == before.get(name)
            if taken:
                put_text(self[name], theirs)
            self.differences.append(Difference(self[name].id, str(self[name].label.text), theirs, taken))
        self._mark(stored)

    def _mark(self, stored: Mapping[str, str]) -> None:
        self.seen.data = json.dumps({name: _fingerprint(text) for name, text in stored.items()})

    def ask_to_tell(self, people: int) -> None:
        """Ask whether this many people may be told; the next form says so."""
        self.must_tell = people
        self.agreed.data = str(people)


def text_of(field: Any) -> str:
    """Return what a field holds as text."""
    if isinstance(field, Tick):
        return YES if field.data else ""
    if isinstance(field, Moment) and field.which:
        return f"{field.data} {field.which}"
    return str(field.data or "")


def put_text(field: Any, text: str) -> None:
    """Let a field hold what `text_of` gave."""
    if isinstance(field, Tick):
        field.data = text == YES
    elif isinstance(field, Moment):
        field.data, _space, field.which = text.partition(" ")
    else:
        field.data = text


def _read(seen: str | None) -> dict[str, str]:
    """Return the fingerprints that came back; none if they are not ours."""
    try:
        found = json.loads(seen or "{}")
    except (ValueError, RecursionError):
        return {}
    return {name: mark for name, mark in found.items() if isinstance(mark, str)} if isinstance(found, dict) else {}


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
