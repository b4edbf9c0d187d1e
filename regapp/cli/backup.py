"""A copy of everything that cannot be made again."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from regapp.clock import utcnow
from regapp.services import backup as backups
from regapp.services.backup import BackupFailed


@click.command("backup")
@click.argument("destination", metavar="DEST", type=click.Path(file_okay=False, path_type=Path))
@with_appcontext
def backup(destination: Path) -> None:
    """Write one archive with database and secret into the folder DEST. Keep it safe: it opens every registration."""
    try:
        archive = backups.make(destination, now=utcnow())
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{archive} ({archive.stat().st_size:,} bytes)")
