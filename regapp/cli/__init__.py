"""Commands for operators: `flask --app wsgi …`. As thin as routes: parse, one transaction, one service, one line."""

from __future__ import annotations

from flask import Flask

from regapp.cli.backup import backup
from regapp.cli.demo import demo_cli
from regapp.cli.doctor import doctor
from regapp.cli.erase import erase
from regapp.cli.event import event_cli
from regapp.cli.export import export
from regapp.cli.organizer import organizer_cli
from regapp.cli.seats import seats_cli
from regapp.cli.worker import outbox_cli, worker

COMMANDS = (backup, demo_cli, doctor, erase, event_cli, export, organizer_cli, outbox_cli, seats_cli, worker)


def init_app(app: Flask) -> None:
    """Register every command."""
    for command in COMMANDS:
        app.cli.add_command(command)
