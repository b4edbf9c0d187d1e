"""The second thing that opens an account: codes of a telephone (RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp
from flask import current_app
from sqlalchemy import delete, func, insert, or_, select, update

from regapp.db import db
from regapp.links import ALPHABET
from regapp.models import Account, RecoveryCode
from regapp.services.accounts import Keys

STEP = 30
"""Seconds that a code is shown."""
AROUND = 1
"""Steps before and after the present one whose codes are taken: clocks differ, and typing takes time."""
DIGITS = 6
RECOVERY_CODES = 10
ISSUER = "regapp"


def new_secret() -> str:
    """Return a fresh secret in base 32 (160 bits), to be shared with a telephone."""
    return pyotp.random_base32()


def address_of(secret: str, email: str) -> str:
    """Return what the QR code says: secret and account, in the form that every app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def find_step(secret: str, typed: str, *, now: datetime, after: int | None) -> int | None:
    """Return the time step of this code, None if it is wrong, too old, or not later than the step `after`."""
    digits = "".join(typed.split())
    present = int(now.timestamp()) // STEP
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP)
    steps = range(present - AROUND, present + AROUND + 1)
    found = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode())]
    later = [step for step in found if after is None or step > after]
    return max(later, default=None)


def switch_on(account_id: int, secret: str, step: int) -> list[str]:
    """Ask for codes from now on; `step` is that of the code that proved it. Return the recovery codes, shown once."""
    values = {"totp_secret": secret, "totp_step": step}
    db.session.execute(update(Account).where(Account.id == account_id).values(values))
    return renew_recovery_codes(account_id)


def switch_off(account_id: int) -> None:
    """Ask for the password only."""
    values = {"totp_secret": None, "totp_step": None}
    db.session.execute(update(Account).where(Account.id == account_id).values(values))
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def use(keys: Keys, typed: str, *, now: datetime) -> bool:
    """Use up a one-time code or a recovery code; say whether it was one. Of two at once, one gets in."""
    return _use_step(keys, typed, now=now) or _use_recovery_code(keys.me.id, typed, now=now)


def renew_recovery_codes(account_id: int) -> list[str]:
    """Put new recovery codes in the place of all earlier ones; return them, shown once."""
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    rows = [{"account_id": account_id, "hash": _hashes(account_id, code)[0]} for code in codes]
    db.session.execute(insert(RecoveryCode), rows)
    return codes


def count_recovery_codes(account_id: int) -> int:
    """Return how many recovery codes are left."""
    left = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(left) or 0


def _use_step(keys: Keys, typed: str, *, now: datetime) -> bool:
    if keys.totp_secret is None:
        return False
    step = find_step(keys.totp_secret, typed, now=now, after=keys.totp_step)
    if step is None:
        return False
    unused = or_(Account.totp_step.is_(None), Account.totp_step < step)
    mine = update(Account).where(Account.id == keys.me.id, Account.totp_secret == keys.totp_secret, unused)
    return bool(db.session.execute(mine.values(totp_step=step)).rowcount)  # type: ignore[attr-defined]


def _use_recovery_code(account_id: int, typed: str, *, now: datetime) -> bool:
    code = "".join(char for char in typed.upper() if char in ALPHABET)
    unused = update(RecoveryCode).where(
        RecoveryCode.account_id == account_id,
        RecoveryCode.hash.in_(_hashes(account_id, code)),
        RecoveryCode.used_at.is_(None),
    )
    return bool(db.session.execute(unused.values(used_at=now)).rowcount)  # type: ignore[attr-defined]


def _new_code() -> str:
    letters = [secrets.choice(ALPHABET) for _ in range(10)]
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _hashes(account_id: int, code: str) -> list[str]:
    """Return what may be stored of a code, by the present key first, then by earlier ones: keyed, so that nobody who
    reads the database alone can try codes against it.
    """
    words = f"{account_id}:{code.replace('-', '')}".encode()
    all_keys = [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]
    keys = [hmac.digest(key.encode(), b"regapp recovery codes, version 1", hashlib.sha256) for key in all_keys]
    return [hmac.digest(key, words, hashlib.sha256).hex() for key in keys]
