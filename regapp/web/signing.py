"""What signs cookies and forms: itsdangerous, made once per application instead of anew for each signature.

The signatures are the same as its own, so cookies and forms outlive a change from one to the other.
"""

from __future__ import annotations

import hmac
import secrets
from functools import lru_cache
from typing import Any

from flask import Flask, current_app, g, session
from itsdangerous import BadData, Signer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode

from regapp.signatures import PatientSigner

_FORMS = "regapp.signs_forms"
_NAME = "csrf_token"
"""What session, form and `g` call it, as Flask-WTF does."""


class _KeyKept(PatientSigner):
    """A signer that derives each key once. Keys are few: the secret of today and those before it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.derive_key = lru_cache(self.derive_key)  # type: ignore[method-assign]


class Signing(URLSafeTimedSerializer):
    """Signs short values; trying to compress them would take longer than all the rest, and gain nothing."""

    default_signer = _KeyKept

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._signer = super().make_signer()

    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        """Return the one signer; it has no state, so threads share it."""
        return self._signer if salt is None or salt == self.salt else super().make_signer(salt)

    def dump_payload(self, obj: Any) -> bytes:
        """Return the value as text for addresses and cookies."""
        return base64_encode(self.serializer.dumps(obj))


def init_app(app: Flask) -> None:
    """Make what signs the tokens of forms."""
    app.extensions[_FORMS] = Signing(app.config["SECRET_KEY"], salt="wtf-csrf-token")


def form_token() -> str:
    """Return the token that the forms of this answer send back; it is bound to the visitor's cookie."""
    if _NAME not in g:
        if _NAME not in session:
            session[_NAME] = secrets.token_hex(20)
        setattr(g, _NAME, _signs_forms().dumps(session[_NAME]))
    return str(getattr(g, _NAME))


def is_form_token(token: str | None) -> bool:
    """Say whether we gave this token to this visitor, not longer ago than a form may lie open."""
    if not token or _NAME not in session:
        return False
    try:
        found = _signs_forms().loads(token, max_age=current_app.config["WTF_CSRF_TIME_LIMIT"])
    except BadData:
        return False
    return hmac.compare_digest(str(session[_NAME]), str(found))


def _signs_forms() -> Signing:
    signs: Signing = current_app.extensions[_FORMS]
    return signs
