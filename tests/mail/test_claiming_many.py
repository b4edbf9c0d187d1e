"""Claiming takes as long as there are mails, also in a table that PostgreSQL has never looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import flask_migrate
import pytest
from flask import Flask

from regapp.db import db
from regapp.mail import outbox
from tests.factories import make_event, make_registration
from tests.postgres import new_database
from tests.test_plans import recording

MAILS = 60


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_no_mail_is_compared_with_all_others(build_app: Callable[..., Flask], server: str, now: datetime) -> None:
    with new_database(server) as url, build_app(DATABASE_URL=url).app_context():
        flask_migrate.upgrade()
        happening = make_event()
        for _ in range(MAILS):
            make_registration(happening, now=now)

        with recording() as statements:
            claimed = outbox.claim(now=now)

        looked, values = next(found for found in statements if "FOR UPDATE" in found[0])
        with db.engine.connect() as connection:
            lines = connection.exec_driver_sql(f"EXPLAIN ANALYZE {looked}", values).scalars().all()
        db.engine.dispose()
    assert len(claimed) == outbox.BATCH
    thrown_away = [int(rows) for rows in re.findall(r"Rows Removed by Join Filter: (\d+)", "\n".join(lines))]
    assert sum(thrown_away) <= MAILS, "\n".join(lines)
