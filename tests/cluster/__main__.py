"""Hold a trial and print its table: `python -m tests.cluster`. Exits 1 if anything does not hold."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
from pathlib import Path

from tests.cluster import report, trial
from tests.postgres import NoPostgres

VISITORS = 6
"""At the same time."""


def main() -> None:
    """Hold one trial."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--seconds", type=float, default=140.0, help="how long faults are made (default: 140)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="of all that is left to chance")
    parser.add_argument("--log", type=Path, help="a file for what all programs said")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # and stop what was started
    print(f"seed {options.seed}", flush=True)
    try:
        outcome = trial.hold(seconds=options.seconds, visitors=VISITORS, seed=options.seed)
    except NoPostgres as error:
        sys.exit(str(error))
    print(report.table(outcome))
    if options.log:
        options.log.write_text(outcome.log, encoding="utf-8")
    sys.exit(bool(outcome.findings))


if __name__ == "__main__":
    main()
