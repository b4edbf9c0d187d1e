"""Figures: one table for people, one file for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MARKS = {True: "met", False: "MISSED", None: ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `op` and `target`: what it should be, if anything is asked of it."""

    name: str
    value: float
    unit: str
    conditions: str
    op: Literal["<=", ">="] | None = None
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Say whether the target is met; None if there is none."""
        if self.op is None or self.target is None:
            return None
        return self.value <= self.target if self.op == "<=" else self.value >= self.target

    def row(self) -> dict[str, Any]:
        """Return the fields of a row of results.json."""
        return {
            "name": self.name, "value": self.value, "unit": self.unit, "op": self.op, "target": self.target,
            "met": self.met, "conditions": self.conditions,
        }  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def rounded(value: float) -> float:
    """Return the value with three digits that matter; whole numbers stay whole."""
    return float(f"{value:.3g}") if abs(value) < 100 else round(value)


def table(figures: Sequence[Figure]) -> str:
    """Return all figures as a table for the terminal, each set of conditions as a heading above its figures."""
    width = max(len(figure.name) for figure in figures)
    lines, conditions = [], ""
    for figure in figures:
        if figure.conditions != conditions:
            conditions = figure.conditions
            lines += ["", conditions]
        asked = f"{figure.op} {figure.target:g}" if figure.met is not None else ""
        value = f"{figure.value:,g} {figure.unit}"
        lines.append(f"  {figure.name:<{width}}  {value:>18}  {asked:>8}  {MARKS[figure.met]}".rstrip())
    return "\n".join(lines)


def write(figures: Sequence[Figure], path: Path) -> None:
    """Store all figures."""
    rows = [figure.row() for figure in figures]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
