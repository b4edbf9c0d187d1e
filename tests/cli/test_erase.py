"""The command that forgets a person, and what is left on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from regapp.clock import utcnow
from regapp.db import compact, db, transaction
from regapp.mail import outbox
from regapp.services import erasure
from regapp.services.drafts import Details
from tests.factories import make_event, make_registration

WHO = Details("Zsuzsanna", "Quixote", "Windmill Works", "Knightess", "HU")
TRACES = (b"zsuzsanna", b"quixote", b"windmill", b"knightess")

pytestmark = pytest.mark.rule("R18")


def _found(folder: Path) -> dict[str, list[bytes]]:
    """Return the traces of the person in every file, whatever its kind."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            found[path.name] = [trace for trace in TRACES if trace in content]
    return {name: traces for name, traces in found.items() if traces}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_file_names_the_person_any_more(app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    event = make_event()
    own = make_registration(event, details=WHO, email="zsuzsanna.quixote@example.org")
    for _ in range(20):
        make_registration(event)
    outbox.send_due(clock=utcnow)
    db.session.remove()
    folder = Path(app.config["INSTANCE_DIR"])
    before = _found(folder)

    result = app.test_cli_runner().invoke(args=["erase", own.code.lower()])
    db.session.remove()

    assert "000001-confirmed.eml" in before
    assert any(name.startswith("regapp.sqlite") for name in before)
    assert (result.exit_code, result.output.splitlines()[0]) == (0, f"{own.code.lower()} is erased")
    assert _found(folder) == {}
    assert "quixote" not in "".join(capfd.readouterr()).lower()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_file_names_who_was_erased_by_button_once_the_receipt_is_sent(app: Flask) -> None:
    own = make_registration(make_event(), details=WHO, email="zsuzsanna.quixote@example.org")
    outbox.send_due(clock=utcnow)
    with transaction():
        erased = erasure.erase(own.id, actor="attendee", now=utcnow())
    erasure.forget_files(erased)
    compact()
    folder = Path(app.config["INSTANCE_DIR"])
    before = _found(folder)

    outbox.send_due(clock=utcnow)
    db.session.remove()

    assert before == {"regapp.sqlite": [b"zsuzsanna", b"quixote"]}  # the receipt, with the address
    assert _found(folder) == {}


def test_once_is_enough_and_an_unknown_reference_is_an_error(app: Flask) -> None:
    own = make_registration(make_event())
    runner = app.test_cli_runner()

    first, second, unknown = (runner.invoke(args=["erase", code]) for code in (own.code, own.code, "XXXXX-XXXXX"))

    assert (first.exit_code, second.exit_code, unknown.exit_code) == (0, 0, 1)
    assert second.output == f"{own.code} was erased before\n"
    assert "there is no registration “XXXXX-XXXXX”" in unknown.output


def test_the_books_and_the_list_are_right_afterwards(app: Flask) -> None:
    own = make_registration(make_event(slug="e"))
    runner = app.test_cli_runner()
    runner.invoke(args=["erase", own.code])

    verified = runner.invoke(args=["seats", "verify"])

    assert verified.exit_code == 0
    assert "taken 0 stored 0 counted" in verified.output
