"""Signatures that carry their time, and outlive a clock that is put back: cookies, forms, links that set a password."""

from __future__ import annotations

from typing import Any

from itsdangerous import SignatureExpired, TimestampSigner

from regapp.clock import utcnow


class PatientSigner(TimestampSigner):
    """Takes what it signed itself at a time that is still to come for as new, where itsdangerous calls it expired.

    Otherwise all organizers were signed out, and every open form refused, until the clock is there again. Nobody else
    can sign, so the only harm is that something holds by that hour longer.
    """

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, *args: Any, **kwargs: Any) -> Any:
        """Return what was signed. Raises: BadSignature; SignatureExpired if it is older than `max_age` seconds."""
        try:
            return super().unsign(signed_value, max_age, *args, **kwargs)
        except SignatureExpired as error:
            if error.date_signed is None or error.date_signed <= utcnow():
                raise
            return super().unsign(signed_value, None, *args, **kwargs)
