"""What was worked out about the people of an event, kept in this process; what has changed since is worked out anew.

Every change writes a line of the history, so the last lines say whose numbers are out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar, cast

from flask import Flask, current_app
from sqlalchemy import bindparam, select

from regapp.db import AnyRow, db
from regapp.models import History

MOST = 200
"""Results kept; when there are more, all are forgotten."""
LINES = 100
"""Lines of the history that are compared. Whose transaction took longer than so many others did is noticed later."""
_KEPT = "regapp.unchanged"
_LINES = (
    select(History.id, History.registration_id)
    .where(History.event_id == bindparam("event"))
    .order_by(History.id.desc())
    .limit(LINES)
)
Result = TypeVar("Result")


def work_out(event_id: int, name: Hashable, work: Callable[[Result | None, frozenset[int]], Result]) -> Result:
    """Return what `work` returns, or has returned if nothing has changed since. `name`: what it is.

    `work` is given its last result and the ids of the registrations that have changed since; or None, and no ids, if
    there is no such result, or more has changed than that.
    """
    kept: dict[Hashable, tuple[frozenset[int], Any]] = current_app.extensions.setdefault(_KEPT, {})
    lines: Sequence[AnyRow] = db.session.execute(_LINES, {"event": event_id}).all()
    seen, result = kept.get((event_id, name), (frozenset(), None))
    changed = _changed(lines, seen) if (event_id, name) in kept else None
    if changed is None:
        result = work(None, frozenset())
    elif changed:
        result = work(result, changed)
    if len(kept) >= MOST:
        kept.clear()
    kept[(event_id, name)] = (frozenset(line.id for line in lines), result)
    return cast(Result, result)


def _changed(lines: Sequence[AnyRow], seen: frozenset[int]) -> frozenset[int] | None:
    """Return whom the lines that were not seen are about; None if it is the event, or there may be more of them."""
    people = frozenset(line.registration_id for line in lines if line.id not in seen)
    reach_back = len(lines) < LINES or lines[-1].id <= max(seen, default=0)
    return people if reach_back and None not in people else None


def forget(app: Flask) -> None:
    """Forget all that was worked out, so that the next time is as the first one."""
    app.extensions.pop(_KEPT, None)
