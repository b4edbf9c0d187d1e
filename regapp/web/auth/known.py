"""Browsers in which the owner of an account has signed in before.

Whoever tries passwords for somebody else's account uses up the attempts of strangers, not those of these browsers: so
nobody can lock an organizer out of the browser at their desk. The cookie opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

from regapp.signatures import PatientSigner

NAME = "known"
KEPT = timedelta(days=180)


def find(account_id: int | None) -> str | None:
    """Return the name of this browser if it is known for this account."""
    try:
        known, name = _signer().loads(request.cookies.get(NAME, ""), max_age=int(KEPT.total_seconds()))
    except BadData:
        return None
    return str(name) if known == account_id else None


def remember(response: Response, account_id: int) -> Response:
    """Let this browser be known for this account."""
    config = current_app.config
    response.set_cookie(
        NAME, _signer().dumps([account_id, secrets.token_hex(8)]), max_age=KEPT, path="/organizer",
        secure=config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


def _signer() -> URLSafeTimedSerializer:
    keys = [*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(
        keys, salt="regapp known browsers, version 1", signer=PatientSigner,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )  # fmt: skip
