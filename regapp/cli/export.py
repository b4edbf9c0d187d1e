"""Lists to take away."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO

import click
from flask.cli import with_appcontext

from regapp.cli.naming import no_such_event
from regapp.db import snapshot
from regapp.errors import NotFound
from regapp.rules.states import State
from regapp.services import exports


@click.command("export")
@click.argument("event")
@click.option(
    "--state",
    type=click.Choice([state.value for state in State]),
    default=State.CONFIRMED.value,
    help="Whom to list; by default the attendees: those who have a place.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write, instead of stdout.")
@with_appcontext
def export(event: str, state: str, output: Path | None) -> None:
    """Write the list of EVENT's attendees as CSV (UTF-8 with BOM, made safe for spreadsheets)."""
    if output is None:
        with TemporaryFile() as file:
            _write(event, State(state), file)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
        return
    try:
        count = _save(event, State(state), output)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from error
    click.echo(f"{count} {state} of {event} written to {output}")


def _save(event: str, state: State, output: Path) -> int:
    """Write the file whole or not at all; its owner alone may read it."""
    with NamedTemporaryFile(dir=output.parent, prefix=".export-", delete=False) as file:
        unfinished = Path(file.name)
        try:
            count = _write(event, state, file)
        except BaseException:
            unfinished.unlink()
            raise
    unfinished.replace(output)
    return count


def _write(event: str, state: State, file: IO[bytes]) -> int:
    """Read everything in one snapshot into the file, and give the connection back before anything is sent."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        with snapshot() as connection:
            return exports.write(connection, event, state, text)
    except NotFound:
        raise no_such_event(event) from None
    finally:
        text.flush()
        text.detach()
