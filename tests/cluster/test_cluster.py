"""A short trial of the cluster (`make test-cluster` holds a long one), and one of a broken product."""

from __future__ import annotations

import pytest

from tests.cluster import report, trial
from tests.cluster.cluster import Apps
from tests.cluster.faults import Fault
from tests.races.stage import UNGUARDED

pytestmark = pytest.mark.race

VISITORS = 3
"""At the same time; half as many as in the long trial, since processors are shared with other tests."""


@pytest.mark.rule("R9")
@pytest.mark.rule("R14")
def test_under_load_and_kills_nobody_is_lost_passed_or_counted_twice() -> None:
    outcome = trial.hold(seconds=0, visitors=VISITORS, seed=1)

    assert outcome.findings == [], report.table(outcome)
    assert all(outcome.done[fault] for fault in Fault if fault is not Fault.REDIS or outcome.with_redis)
    assert outcome.seen.booked


def test_a_product_without_lock_whose_worker_notes_before_it_sends_is_found_out() -> None:
    broken = Apps(web=UNGUARDED, mail="tests.cluster.hasty")

    outcome = trial.hold(
        seconds=0, visitors=VISITORS, seed=1, apps=broken, kinds=[Fault.SINK_REFUSES, Fault.SINK_DROPS]
    )

    said = "\n".join(outcome.findings)
    assert "seats verify: " in said
    assert "mails never arrived" in said
