"""A small calculation that a visitor's browser makes, so that forms sent by the thousand cost something.

Only for events that ask for it. Nothing is stored: a challenge is signed, expires with its form, and is bound to event
and `submission`, so that one solution makes one registration at most. Source: altcha.org; docs/adr/0006.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta

from altcha import Payload, create_challenge, verify_solution
from flask import current_app

from regapp.models import RobotCheck
from regapp.services.events import EventFacts

ALGORITHM = "PBKDF2/SHA-256"
COST = 1000
"""Rounds of one try. Finding costs a browser thousands of tries, making a challenge costs us one: about 1 ms."""
FEWEST, MOST = 2000, 4000
"""Tries until the right one: about a second on a phone, never much more."""


def is_asked(event: EventFacts) -> bool:
    """Say whether this event asks browsers for the calculation."""
    return event.robot_check == RobotCheck.WORK


def challenge(event: EventFacts, submission: str, *, now: datetime) -> str:
    """Return what the browser is to calculate for this form, as JSON."""
    expires_at = now + timedelta(seconds=current_app.config["WTF_CSRF_TIME_LIMIT"])
    made = create_challenge(
        ALGORITHM,
        COST,
        counter=FEWEST + secrets.randbelow(MOST - FEWEST),
        expires_at=expires_at,
        data=_bound_to(event, submission),
        hmac_secret=_key("challenge"),
        hmac_key_secret=_key("solution"),
    )
    return json.dumps(made.to_dict())


def is_done(payload: str | None, event: EventFacts, submission: str) -> bool:
    """Say whether this is the solution of a challenge that we made for this form, and that has not expired."""
    if not payload:
        return False
    found = verify_solution(payload, _key("challenge"), hmac_key_secret=_key("solution"))
    if not found.verified:
        return False
    return Payload.from_base64(payload).challenge.parameters.data == _bound_to(event, submission)


def _bound_to(event: EventFacts, submission: str) -> dict[str, int | str]:
    return {"event": event.id, "submission": submission}


def _key(use: str) -> bytes:
    """Derive a key, so that no other use of the secret can make a challenge."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(secret, f"regapp proof of work, {use}, version 1".encode(), hashlib.sha256)
