"""Two spellings of one mail address are one address."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import idna


def contact_key(address: str) -> str:
    """Return the comparable form of a valid address: trimmed, NFKC, case-folded, its domain as A-label.

    Source: R8; RFC 5891 for the domain.
    """
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).rpartition("@")
    return f"{local.casefold()}@{to_ascii(domain)}"


def ascii_address(address: str) -> str:
    """Return the address as mail servers want it: the domain as A-label, the part before the @ untouched."""
    local, _, domain = address.strip().rpartition("@")
    return f"{local}@{to_ascii(domain)}"


@lru_cache(maxsize=4096)  # most people of one event write from few domains
def to_ascii(domain: str) -> str:
    """Return a host name as A-label, lower case."""
    return idna.encode(domain, uts46=True, transitional=False).decode("ascii").lower()
