"""Lists to take away."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO

import click
from flask.cli import with_appcontext

from regapp.cli.naming import no_such_event
from regapp.db import snapshot
from regapp.errors import NotFound
from regapp.rules.states import State
from regapp.services import events, exports
from regapp.services.exports import ALL_COLUMNS, ATTENDEES, COLUMNS, Wanted
from regapp.services.formats import Format
from regapp.services.people import View


def _columns(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Return the chosen columns in their order; each once."""
    names = tuple(dict.fromkeys(name.strip() for name in (value or ",".join(COLUMNS)).split(",")))
    if unknown := [name for name in names if name not in ALL_COLUMNS]:
        raise click.BadParameter(f"there is no column “{unknown[0]}”. Columns: {', '.join(ALL_COLUMNS)}")
    return names


@click.command("export")
@click.argument("event")
@click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in Format]),
    default=Format.CSV.value,
    help="What to write; by default CSV with commas.",
)
@click.option("--columns", callback=_columns, help="Names of columns, separated by commas; by default the first 12.")
@click.option(
    "--state",
    type=click.Choice([state.value for state in State]),
    help="Whom to list; by default the attendees: those who have a place.",
)
@click.option("--category", help="Whom to list: only those in the category of this name, in any language.")
@click.option("--all", "everybody", is_flag=True, help="List everybody, whatever became of them.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write, instead of stdout.")
@with_appcontext
def export(
    event: str, kind: str, columns: tuple[str, ...], state: str | None, category: str | None, *, everybody: bool,
    output: Path | None,
) -> None:  # fmt: skip
    """Write the list of EVENT's attendees (CSV: UTF-8 with BOM, made safe for spreadsheets)."""
    if everybody and state:
        raise click.UsageError("choose one of --all and --state")
    view = replace(_view(state, everybody=everybody), category=_category(event, category))
    wanted = Wanted(view, columns, Format(kind), erased_too=True)
    if output is None:
        with TemporaryFile() as file:
            _write(event, wanted, file)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
        return
    try:
        count = _save(event, wanted, output)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from error
    click.echo(f"{count} {wanted.view.state or 'people'} of {event} written to {output}")


def _view(state: str | None, *, everybody: bool) -> View:
    if everybody:
        return View(descending=False)
    return replace(ATTENDEES, state=State(state or State.CONFIRMED))


def _category(event: str, name: str | None) -> int | None:
    """Return the id of the category of this name, None if none was asked for."""
    if name is None:
        return None
    try:
        facts = events.get(events.get_id(event))
    except NotFound:
        raise no_such_event(event) from None
    known = {text["name"]: one.id for one in facts.categories for text in one.texts.values() if text.get("name")}
    if name not in known:
        raise click.BadParameter(f"there is no category “{name}”. Categories: {', '.join(known) or 'none'}")
    return known[name]


def _save(event: str, wanted: Wanted, output: Path) -> int:
    """Write the file whole or not at all; its owner alone may read it."""
    with NamedTemporaryFile(dir=output.parent, prefix=".export-", delete=False) as file:
        unfinished = Path(file.name)
        try:
            count = _write(event, wanted, file)
        except BaseException:
            unfinished.unlink()
            raise
    unfinished.replace(output)
    return count


def _write(event: str, wanted: Wanted, file: IO[bytes]) -> int:
    """Read everything in one snapshot into the file, and give the connection back before anything is sent."""
    try:
        with snapshot() as connection:
            return exports.write(connection, event, wanted, file)
    except NotFound:
        raise no_such_event(event) from None
