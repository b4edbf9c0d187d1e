"""What processes cost, as Linux counts it in /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """Return a process and all that it has started, directly or not; the process itself first."""
    children: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        if stat := _stat(int(folder.name)):
            children.setdefault(int(stat[1]), []).append(int(folder.name))
    found = [pid]
    for parent in found:  # grows while we walk: the children's children come too
        found += children.get(parent, [])
    return found


def parent(pid: int) -> int:
    """Return who started this process."""
    return int(_stat(pid)[1])


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system time of these processes, and of those of their children that have ended."""
    return sum(sum(int(ticks) for ticks in _stat(pid)[11:15]) for pid in pids) / TICKS


def resident_mb(pid: int) -> float:
    """Return the memory that a process has in use. Units: MB of 1,000,000 bytes."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return kibibytes * 1024 / 1e6


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from `state` on; nothing if the process has gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
