"""Addresses of pages that only their owner knows."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any

from flask import request, url_for

from regapp import links
from regapp.web import languages

_PLACE = "HERE"


class Note(StrEnum):
    """What one's own page says first, after a step that led back to it."""

    SAVED = "saved"
    LATE = "late"


def own_address(code: str, link_version: int, *, note: Note | None = None) -> str:
    """Return the address of a registration's own page; `note`: of the page that says so."""
    return _pattern(note, languages.chosen(), request.script_root).replace(
        _PLACE, links.own_token(code, link_version), 1
    )


def note_asked() -> Note | None:
    """Return what the address of this page asks it to say first."""
    return next((note for note in Note if note in request.args), None)


@lru_cache(64)
def _pattern(note: Note | None, _chosen: str | None, _root: str) -> str:
    """Return the address with `_PLACE` in it; remembered, since url_for takes long."""
    notes: dict[str, Any] = {note.value: "1"} if note else {}
    return url_for("public.registration", token=_PLACE, **notes)
