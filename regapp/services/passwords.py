"""Passwords as they are kept: Argon2id. Hashing takes a tenth of a second: never do it inside a transaction."""

from __future__ import annotations

import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from regapp.links import ALPHABET
from regapp.rules.passwords import LONGEST, normalise

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""19 MiB, two passes, one lane. Source: OWASP, Password Storage Cheat Sheet."""
_NOBODYS = "$argon2id$v=19$m={},t={},p={}${}${}".format(
    HASHER.memory_cost,
    HASHER.time_cost,
    HASHER.parallelism,
    *(base64.b64encode(bytes(length)).decode().rstrip("=") for length in (HASHER.salt_len, HASHER.hash_len)),
)
"""A hash that no password has, and that takes as long to try as any."""


def make_hash(password: str) -> str:
    """Return what is stored of a password."""
    return HASHER.hash(normalise(password))


def fits(password: str, stored: str | None) -> bool:
    """Say whether this is the password. Where there is none it takes just as long to say no."""
    try:
        HASHER.verify(stored or _NOBODYS, normalise(password)[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Say whether the hash was made with other parameters than we use now."""
    return HASHER.check_needs_rehash(stored)


def invent() -> str:
    """Return a password for somebody to sign in with at once: 98 bits, easy to type."""
    letters = [secrets.choice(ALPHABET) for _ in range(20)]
    return "-".join("".join(letters[start : start + 5]) for start in range(0, 20, 5)).lower()
