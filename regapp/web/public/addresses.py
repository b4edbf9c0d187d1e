"""Addresses of pages that only their owner knows."""

from __future__ import annotations

from flask import url_for

from regapp import links


def own_address(code: str, link_version: int, *, saved: str | None = None) -> str:
    """Return the address of a registration's own page; `saved`: of the page that says so."""
    return url_for("public.registration", token=links.own_token(code, link_version), saved=saved)
