"""The seat meter: every square is a place. Units of the drawing: 10 per square."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

WIDEST = 1000
"""Squares that one meter may have; above, a square stands for several places and the page says so."""
WAITING_ROWS = 2
"""Rows of people who wait that are drawn; the words beside have the whole number."""
FILLING_PERCENT = 15
"""Share of places left at which an event counts as filling."""


@dataclass(frozen=True, slots=True)
class Meter:
    """Three shapes to be filled with patterns of squares. `per_square`: places that one square stands for."""

    width: int
    height: int
    free: str
    taken: str
    waiting: str
    waiting_top: int
    per_square: int


@lru_cache(1024)
def draw(size: int, *, taken: int, waiting: int) -> Meter:
    """Return the shapes for a limit. Units: seats and people. More taken than there are draws all as taken."""
    per_square = -(-size // WIDEST) or 1
    columns = _columns(size)
    squares = -(-size // per_square)
    rows = -(-squares // columns)
    queue = min(-(-waiting // per_square), columns * WAITING_ROWS)
    queue_rows = -(-queue // columns)
    return Meter(
        width=columns * 10,
        height=rows * 10 + (queue_rows * 10 + 5 if queue else 0),
        free=_shape(squares, columns),
        taken=_shape(min(-(-taken // per_square), squares), columns),
        waiting=_shape(queue, columns),
        waiting_top=rows * 10 + 5,
        per_square=per_square,
    )


def fill(size: int | None, left: int | None) -> str:
    """Say how full it is: open, filling or full."""
    if size is None or left is None:
        return "open"
    if left == 0:
        return "full"
    return "filling" if left * 100 <= size * FILLING_PERCENT else "open"


def _columns(size: int) -> int:
    """Choose a width at which squares stay small enough for a column and large enough to count."""
    if size <= 40:
        return 14
    return 25 if size <= 300 else 50


def _shape(squares: int, columns: int) -> str:
    """Return the path around this many squares, in full rows and one part of a row."""
    rows, rest = divmod(squares, columns)
    path = f"M0 0h{columns * 10}v{rows * 10}H0z" if rows else ""
    return path + (f"M0 {rows * 10}h{rest * 10}v10H0z" if rest else "")
