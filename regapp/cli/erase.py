"""Forgetting people: one by one, and all of an event when their time has come."""

from __future__ import annotations

from datetime import datetime

import click
from flask.cli import with_appcontext

from regapp.clock import utcnow
from regapp.db import compact, transaction
from regapp.errors import NotFound
from regapp.mail import outbox
from regapp.services import current, erasure


@click.command("erase")
@click.argument("code")
@with_appcontext
def erase(code: str) -> None:
    """Erase the person with the reference CODE: name, address, answers and mails. Counts stay. Cannot be undone."""
    try:
        registration_id = current.get_by_code(code.strip().upper()).id
    except NotFound:
        raise click.ClickException(f"there is no registration “{code}”") from None
    with transaction():
        erased = erasure.erase(registration_id, actor="operator", now=utcnow())
    if not erased.people:
        click.echo(f"{code} was erased before")
        return
    erasure.forget_files(erased)
    told = outbox.send_due().reachable  # the receipt: the address is forgotten once it is handed over
    compact()
    click.echo(f"{code} is erased" + ("" if told else "; the receipt, with the address, waits for the mail server"))


def erase_event(event_id: int, *, now: datetime) -> None:
    """Erase all people of an event, a page after the other."""
    while True:
        with transaction():
            erased = erasure.erase_event(event_id, now=now)
        erasure.forget_files(erased)
        if not erased.people:
            break
    compact()
