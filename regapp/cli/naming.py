"""How operators name an event on the command line: by its slug, the last part of its address."""

from __future__ import annotations

import click

from regapp.services import events


def no_such_event(slug: str) -> click.ClickException:
    """Return the error to raise for a slug that no event has; it names those that there are."""
    known = ", ".join(events.list_slugs()) or "none"
    return click.ClickException(f"there is no event “{slug}”. Events: {known}")
