"""The only place that looks at the clock."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)
