"""Events to try the product on."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.services import demo

demo_cli = AppGroup("demo", help="Events to try the product on.")


@demo_cli.command("load")
@click.option("--if-empty", is_flag=True, help="Do nothing if there is any event.")
def load(*, if_empty: bool) -> None:
    """Load the events of demo/*.toml. Those that exist are left alone."""
    if if_empty and demo.has_events():
        click.echo("demo: nothing loaded, there are events already")
        return
    loaded: list[str] = []
    kept: list[str] = []
    for event in demo.read(Path(current_app.root_path).parent / "demo"):
        with transaction():
            (loaded if demo.load(event, now=utcnow()) else kept).append(event.slug)
    click.echo(f"demo: {len(loaded)} loaded, {len(kept)} left alone" + _list(loaded))


def _list(slugs: list[str]) -> str:
    return f" ({', '.join(slugs)})" if slugs else ""
