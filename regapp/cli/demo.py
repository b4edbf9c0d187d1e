"""Events to try the product on."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from regapp import links
from regapp.clock import utcnow
from regapp.db import let_go, transaction
from regapp.services import accounts, demo, passwords

demo_cli = AppGroup("demo", help="Events to try the product on.")


@demo_cli.command("load")
@click.option("--if-empty", is_flag=True, help="Do nothing if there is any event.")
def load(*, if_empty: bool) -> None:
    """Load the events of demo/*.toml. Those that exist are left alone."""
    if if_empty and demo.has_events():
        click.echo("demo: nothing loaded, there are events already")
        return
    password = _invent_organizer()
    loaded: list[str] = []
    kept: list[str] = []
    for event in demo.read(Path(current_app.root_path).parent / "demo"):
        with transaction():
            (loaded if demo.load(event, now=utcnow()) else kept).append(event.slug)
    click.echo(f"demo: {len(loaded)} loaded, {len(kept)} left alone" + _list(loaded))
    if password:
        click.echo(_sign_in(password, loaded))


def _invent_organizer() -> str:
    """Return a password for somebody to organize the demo events, empty where this is no place to try things out.

    Only an embedded database without event and account is such a place.
    """
    is_empty = not demo.has_events() and not accounts.count()
    return passwords.invent() if current_app.config["EMBEDDED"] and is_empty else ""


def _sign_in(password: str, slugs: list[str]) -> str:
    """Make the demo organizer; return how to sign in. The password is said here and kept nowhere."""
    let_go()
    stored = passwords.make_hash(password)
    with transaction():
        me = demo.add_organizer(slugs, stored, now=utcnow())
    url = links.workspace_url("sign-in")
    return f"Organize them at {url}\n  address   {me.email}\n  password  {password}   (shown this once)"


def _list(slugs: list[str]) -> str:
    return f" ({', '.join(slugs)})" if slugs else ""
