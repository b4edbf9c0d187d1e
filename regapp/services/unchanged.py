"""What was worked out about the people of an event, kept in this process while nothing about them has changed.

Every change writes a line of the history, so the last line and the event's numbers say whether anything has.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from flask import Flask, current_app
from sqlalchemy import bindparam, func, select

from regapp.db import db
from regapp.models import History, Quota, QuotaKind

MOST = 500
"""Results kept; when there are more, all are forgotten."""
_KEPT = "regapp.unchanged"
_LAST = select(func.max(History.id)).where(History.event_id == bindparam("event")).scalar_subquery()
_STAMP = select(Quota.version, Quota.taken, Quota.waiting, Quota.last_seq, _LAST).where(
    Quota.event_id == bindparam("event"), Quota.kind == QuotaKind.EVENT
)
Result = TypeVar("Result")


def work_out(event_id: int, name: Hashable, work: Callable[[], Result]) -> Result:
    """Return what `work` returns, or returned when things were as they are now. `name`: what it is."""
    kept: dict[Hashable, tuple[Any, Any]] = current_app.extensions.setdefault(_KEPT, {})
    stamp = tuple(db.session.execute(_STAMP, {"event": event_id}).one())
    before, result = kept.get((event_id, name), (None, None))
    if before == stamp:
        return result  # type: ignore[no-any-return]  # what work returned then
    result = work()
    if len(kept) >= MOST:
        kept.clear()
    kept[(event_id, name)] = (stamp, result)
    return result


def forget(app: Flask) -> None:
    """Forget all that was worked out, so that the next time is as the first one."""
    app.extensions.pop(_KEPT, None)
