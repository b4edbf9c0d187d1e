"""Turns to write to SQLite: within a process one after the other, so that a lock held elsewhere costs few threads.

SQLite lets everybody who wants to write ask again and again, and whoever asks at the right moment is next. If another
program holds its lock, all threads of a server would wait, and nobody is left to show a page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic

from sqlalchemy.exc import TimeoutError as TurnTimeout

__all__ = ["PATIENCE", "TurnTimeout", "Turns"]

PATIENCE = 0.3
"""Seconds that the first in line asks for the lock before the line is cut. Others commonly write for far less."""


class _Turn:
    """Somebody's place in the line; `over` once there is no hope."""

    over = False


class Turns:
    """The line of those who want to write, first come, first served.

    `places`: how many may wait while somebody else holds the lock; `timeout`: seconds that anybody waits.
    """

    def __init__(self, *, places: int, timeout: float) -> None:
        self._places, self._timeout = places, timeout
        self._line: deque[_Turn] = deque()
        self._asks_since: float | None = None
        self._changed = Condition()

    def __len__(self) -> int:
        """Return how many are in line, whoever writes included."""
        return len(self._line)

    @contextmanager
    def take(self) -> Iterator[Callable[[], None]]:
        """Wait for one's turn. Inside, ask for the lock; call what is given when it is there. Raises: TurnTimeout."""
        mine = _Turn()
        with self._changed:
            self._line.append(mine)
            try:
                self._wait(mine)
            except BaseException:
                self._leave(mine)
                raise
            self._asks_since = monotonic()
        try:
            yield self._has_lock
        finally:
            with self._changed:
                if self._asks_since is not None:  # in vain: who came meanwhile has waited about as long
                    for other in self._line:
                        other.over = True
                self._leave(mine)

    def _wait(self, mine: _Turn) -> None:
        give_up = monotonic() + self._timeout
        while mine.over or self._line[0] is not mine:
            now, place = monotonic(), self._line.index(mine)
            cut = self._cut_at() if place >= self._places else give_up
            if mine.over or now >= min(cut, give_up):
                raise TurnTimeout("another program holds the lock of the database")
            self._changed.wait(min(cut, give_up) - now)

    def _cut_at(self) -> float:
        """Return when those without a place are to go, if the first in line has not got the lock by then."""
        return (monotonic() if self._asks_since is None else self._asks_since) + PATIENCE

    def _has_lock(self) -> None:
        with self._changed:
            self._asks_since = None

    def _leave(self, mine: _Turn) -> None:
        first = self._line[0] is mine
        self._line.remove(mine)
        if first:
            self._asks_since = None
        self._changed.notify_all()
