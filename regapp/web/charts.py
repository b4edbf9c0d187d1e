"""Curves drawn from figures: shapes for SVG in a box of 600 by 200, and the words around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from regapp import times
from regapp.services.overview import Curve

WIDTH, HEIGHT = 600, 200
MOST_RULES = 6
LABELS = 4
"""Days named below the curve."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing. `numbers`: beside the rules, the highest first; `labels`: (per cent from the left, words)."""

    numbers: list[int]
    rules: list[float]
    limit: float | None
    now: str
    area: str
    before: str
    labels: list[tuple[float, str]]


def draw(curve: Curve, *, size: int | None, lang: str) -> Chart:
    """Return the drawing of a curve. A limit far above all figures would flatten them, so it is left out."""
    highest = max([1, *(step.confirmed for step in curve.steps), *curve.before])
    limit = size if size and size <= 2 * highest else None
    step, count = _rules(max(highest, limit or 0))
    top, days = step * count, (curve.last - curve.first).days + 1
    length = 7 if curve.weekly else 1
    now = [((entry.until - curve.first).days / days, entry.confirmed / top) for entry in curve.steps]
    before = [(min(1.0, (number + 1) * length / days), people / top) for number, people in enumerate(curve.before)]
    path = _path([(0.0, 0.0), *now])
    return Chart(
        numbers=[step * number for number in range(count, -1, -1)],
        rules=[round(HEIGHT - HEIGHT * number / count, 1) for number in range(count + 1)],
        limit=None if limit is None else round(HEIGHT - HEIGHT * limit / top, 1),
        now=path,
        area=f"{path}V{HEIGHT}H0Z",
        before=_path([(0.0, 0.0), *before]) if before else "",
        labels=_labels(curve.first, days, lang),
    )


def _rules(highest: int) -> tuple[int, int]:
    """Return a round distance between rules, and how many of them reach the highest figure."""
    unit = 1
    while True:
        for step in (unit, 2 * unit, 5 * unit):
            if (count := -(-highest // step)) <= MOST_RULES:
                return step, count
        unit *= 10


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return the line through points given in shares of width and height, from the lower left corner."""
    return "M" + "L".join(f"{x * WIDTH:.1f} {HEIGHT - y * HEIGHT:.1f}" for x, y in points)


def _labels(first: date, days: int, lang: str) -> list[tuple[float, str]]:
    """Return a few days at even distances, the first and the last among them."""
    numbers = sorted({round(number * (days - 1) / (LABELS - 1)) for number in range(LABELS)})
    spread = max(1, days - 1)
    return [
        (round(100 * number / spread, 1), times.brief_day(first + timedelta(days=number), lang)) for number in numbers
    ]
