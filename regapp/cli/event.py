"""Changing an event on the command line. When it is moved or called off, everybody who takes part is told."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from regapp.cli.naming import no_such_event
from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import BadDates, EventOver, NotFound
from regapp.models import RobotCheck
from regapp.services import editing, events
from regapp.services.editing import EventChange
from regapp.services.events import EventFacts
from regapp.speech import DEFAULT, LANGUAGES

ACTOR = "operator"
LOCAL = click.DateTime(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])

event_cli = AppGroup("event", help="Move an event, call it off, or keep robots out of it.")


@event_cli.command("change")
@click.argument("event")
@click.option("--starts", type=LOCAL, help="New beginning, in the time zone of the event: 2026-12-01T09:00.")
@click.option("--ends", type=LOCAL, help="New end, in the time zone of the event.")
@click.option("--venue", help="New place.")
@click.option("--address", help="New address of the place.")
@click.option("--online", help="New address where those who have a place join online.")
@click.option("--lang", type=click.Choice(list(LANGUAGES)), default=DEFAULT, help="Language of place and address.")
def change(
    event: str, *, starts: datetime | None, ends: datetime | None, venue: str | None, address: str | None,
    online: str | None, lang: str,
) -> None:  # fmt: skip
    """Change when and where EVENT takes place. Everybody who takes part is told."""
    found = _get(event)
    texts = {key: text for key, text in {"venue": venue, "address": address}.items() if text is not None}
    wanted = EventChange(_instant(found, starts), _instant(found, ends), online, {lang: texts} if texts else {})
    try:
        with transaction():
            told = editing.change_event(found.id, wanted, actor=ACTOR, now=utcnow())
    except BadDates as error:
        raise click.ClickException(_dates_problem(found, error)) from None
    except EventOver:
        raise _over(event) from None
    click.echo(f"{event}: {told} people are told")


@event_cli.command("cancel")
@click.argument("event")
def cancel(event: str) -> None:
    """Call EVENT off. Everybody who takes part is told. This cannot be undone."""
    try:
        with transaction():
            told = editing.cancel_event(_get(event).id, actor=ACTOR, now=utcnow())
    except EventOver:
        raise _over(event) from None
    click.echo(f"{event} is called off: {told} people are told")


@event_cli.command("robots")
@click.argument("event")
@click.argument("check", type=click.Choice([check.value for check in RobotCheck]))
def robots(event: str, check: str) -> None:
    """Let browsers make a small calculation before they register for EVENT (work), or not (none)."""
    try:
        with transaction():
            editing.check_robots(_get(event).id, RobotCheck(check), actor=ACTOR, now=utcnow())
    except EventOver:
        raise _over(event) from None
    click.echo(f"{event}: robots are checked by {check}")


def _get(slug: str) -> EventFacts:
    try:
        return events.get(events.get_id(slug))
    except NotFound:
        raise no_such_event(slug) from None


def _instant(event: EventFacts, local: datetime | None) -> datetime | None:
    return None if local is None else local.replace(tzinfo=ZoneInfo(event.tz))


def _dates_problem(event: EventFacts, error: BadDates) -> str:
    zone = ZoneInfo(event.tz)
    starts, ends = (error.values[name].astimezone(zone) for name in ("starts_at", "ends_at"))
    return f"it would go from {starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}: begin in the future, and end after that"


def _over(slug: str) -> click.ClickException:
    return click.ClickException(f"“{slug}” is over, or was called off: nothing changes any more")
