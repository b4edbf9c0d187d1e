"""Addresses of pages that only their owner knows."""

from __future__ import annotations

from functools import lru_cache

from flask import request, url_for

from regapp import links
from regapp.web import languages

_PLACE = "HERE"


def own_address(code: str, link_version: int, *, saved: str | None = None) -> str:
    """Return the address of a registration's own page; `saved`: of the page that says so."""
    return _pattern(saved, languages.chosen(), request.script_root).replace(
        _PLACE, links.own_token(code, link_version), 1
    )


@lru_cache(64)
def _pattern(saved: str | None, _chosen: str | None, _root: str) -> str:
    """Return the address with `_PLACE` in it; remembered, since url_for takes long."""
    return url_for("public.registration", token=_PLACE, saved=saved)
