"""Links in mails. Those that open a registration, or set a password, are derived and stored nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from regapp.signatures import PatientSigner

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits that are not mistaken for one another when read aloud or written down."""


def new_code() -> str:
    """Return a fresh reference such as 7K4M2-QXTB9 (49 bits)."""
    number, letters = secrets.randbelow(len(ALPHABET) ** 10), ""  # one draw: each takes long
    for _ in range(10):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return f"{letters[:5]}-{letters[5:]}"


def own_token(code: str, link_version: int) -> str:
    """Return `<code>-<mac>`, the part of the address that opens this registration."""
    return f"{code}-{_mac(current_app.config['SECRET_KEY'], code, link_version)}"


def own_path(code: str, link_version: int) -> str:
    """Return the path of a registration's own page."""
    return f"/r/{own_token(code, link_version)}"


def own_url(code: str, link_version: int) -> str:
    """Return the full address of a registration's own page, for mails."""
    return str(current_app.config["PUBLIC_URL"]) + own_path(code, link_version)


def event_url(slug: str) -> str:
    """Return the full address of an event's page, for mails."""
    return f"{current_app.config['PUBLIC_URL']}/events/{slug}"


def announcements_url(code: str, link_version: int) -> str:
    """Return the full address of the page on which a person ends messages from the organizers, and gets them again."""
    return own_url(code, link_version) + "/announcements"


def overview_url(slug: str) -> str:
    """Return the full address of an event's first page in the workspace, for mails to organizers."""
    return f"{current_app.config['PUBLIC_URL']}/organizer/events/{slug}/"


def notices_url(slug: str) -> str:
    """Return the full address of where a member chooses which mails about an event are wanted."""
    return f"{overview_url(slug)}team"


def split(token: str) -> tuple[str, str]:
    """Return code and mac of a token; empty strings if it is not one."""
    code, _, mac = token.rpartition("-")
    return code, mac


def is_genuine(mac: str, code: str, link_version: int) -> bool:
    """Say whether this mac was made for this code and link version, by the present key or an earlier one."""
    keys = [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]
    given = mac.encode("utf-8", "replace")
    return any([hmac.compare_digest(_mac(key, code, link_version).encode(), given) for key in keys])  # noqa: C419  all are tried


@dataclass(frozen=True, slots=True)
class PasswordPass:
    """Whose password a link sets. Raising the account's `session_version` ends the link: it works once."""

    account_id: int
    session_version: int


def workspace_url(page: str = "") -> str:
    """Return the full address of a page of the organizers' workspace, for mails."""
    return f"{current_app.config['PUBLIC_URL']}/organizer/{page}"


def password_url(account_id: int, session_version: int, lifetime: timedelta) -> str:
    """Return the full address of the page where this account's password is set, as long as `lifetime` from now on."""
    token = _password_signer().dumps([account_id, session_version, int(lifetime.total_seconds())])
    return workspace_url(f"password/{token}")


def read_password_token(token: str) -> PasswordPass | None:
    """Return what a link says, None if we did not make it or its time is over."""
    signer = _password_signer()
    try:
        account_id, session_version, lifetime = signer.loads(token)
        signer.loads(token, max_age=lifetime)
    except BadData:
        return None
    return PasswordPass(account_id, session_version)


def _password_signer() -> URLSafeTimedSerializer:
    """Return what signs with the present key, and knows the signatures of earlier ones."""
    secrets_by_age = [*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(
        [
            hmac.digest(secret.encode(), b"regapp password links, version 1", hashlib.sha256)
            for secret in secrets_by_age
        ],
        salt="password",
        signer=PatientSigner,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


@lru_cache(1024)  # asked twice for a person's page: to let them in, and for the links on it
def _mac(secret: str, code: str, link_version: int) -> str:
    """Return 128 bits of HMAC-SHA256 in lower-case base 32 (26 characters)."""
    digest = hmac.digest(_key(secret), f"{code}:{link_version}".encode(), hashlib.sha256)
    return base64.b32encode(digest[:16]).decode("ascii").rstrip("=").lower()


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    """Derive the key for links, so that no other use of the secret can make one."""
    return hmac.digest(secret.encode(), b"regapp own page links, version 1", hashlib.sha256)
