"""How often something may be asked for. Counted in Redis when REDIS_URL is set, else in this process.

Only what writes to somebody else is limited, and guessing passwords. Registering never is: a whole ministry may sit
behind one address.
"""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import ip_address, ip_network
from time import monotonic
from typing import Any

import structlog
from flask import Flask, current_app, request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import RedisError
from werkzeug.exceptions import TooManyRequests

from regapp.clock import utcnow

PER_ADDRESS = RateLimitItemPerHour(5)
"""For what goes to one address, or is said to come from one."""
PER_REGISTRATION = RateLimitItemPerHour(20)
"""For changes of one address's registration at one event: each is a mail to that address."""
PER_EVENT = RateLimitItemPerHour(60)
"""For what goes to the organizers of one event, whoever sends it."""
WITHOUT_WORK = RateLimitItemPerHour(20)
"""For registrations at one event by browsers that cannot make the calculation against robots."""
PASSWORDS = RateLimitItemPerMinute(10, 15)
"""For passwords tried from one place: from one network for one account, or from one browser that its owner has used."""
PER_NETWORK = RateLimitItemPerMinute(60, 15)
"""For passwords tried, and links asked for, from one network, whatever the account."""
PASSWORDS_FROM_ANYWHERE = RateLimitItemPerHour(100)
"""For passwords of one account tried from anywhere, save from browsers that its owner has used."""
CODES = RateLimitItemPerHour(10)
"""For one-time codes of one account, tried by who knows the password."""
AWAY = 30.0
"""Seconds until Redis is asked again after it did not answer."""

log = structlog.get_logger()


class Limits:
    """The counters of one application."""

    def __init__(self, redis_url: str, *, timeout: float) -> None:
        self.here = FixedWindowRateLimiter(MemoryStorage())
        self.shared = FixedWindowRateLimiter(_redis(redis_url, timeout)) if redis_url else None
        self.away_until = 0.0

    def hit(self, limit: RateLimitItem, *names: str) -> int | None:
        """Count one more; return the seconds to wait if it is one too many, else None."""
        if self.shared is not None and monotonic() >= self.away_until:
            try:
                return _hit(self.shared, limit, names)
            except RedisError as error:
                log.warning("redis_away", error=type(error).__name__)
                self.away_until = monotonic() + AWAY
        return _hit(self.here, limit, names)


def init_app(app: Flask) -> None:
    """Give the application its counters."""
    app.extensions["limits"] = Limits(app.config["REDIS_URL"], timeout=app.config["REDIS_TIMEOUT"])


def check(limit: RateLimitItem, what: str, whom: str) -> None:
    """Count one more. Raises: TooManyRequests, with the seconds to wait."""
    wait = hit(limit, what, whom)
    if wait is not None:
        raise TooManyRequests(retry_after=wait)


def hit(limit: RateLimitItem, what: str, whom: str) -> int | None:
    """Count one more; return the seconds to wait if it is one too many. `whom` is stored only as a keyed hash."""
    key = f"limits {current_app.config['SECRET_KEY']}".encode()
    hashed = hmac.digest(key, whom.encode(), hashlib.sha256).hex()[:32]
    limits: Limits = current_app.extensions["limits"]
    return limits.hit(limit, what, hashed)


def network() -> str:
    """Return where this request comes from: an address, or in IPv6 the network that one household has."""
    try:
        address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104  no socket: stands for "unknown"
    except ValueError:  # whatever a proxy wrote there
        return "unknown"
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network((address, 64), strict=False) if address.version == 6 else address)


def _hit(limiter: FixedWindowRateLimiter, limit: RateLimitItem, names: tuple[str, ...]) -> int | None:
    if limiter.hit(limit, *names):
        return None
    return max(1, round(limiter.get_window_stats(limit, *names).reset_time - utcnow().timestamp()))


def _redis(url: str, timeout: float) -> Any:
    return RedisStorage(url, socket_timeout=timeout, socket_connect_timeout=timeout)
