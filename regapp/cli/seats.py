"""Limits: check that they were kept, and change them."""

from __future__ import annotations

import sys
from time import sleep

import click
from flask.cli import AppGroup

from regapp.cli.naming import no_such_event
from regapp.cli.settling import settle_all
from regapp.clock import utcnow
from regapp.db import snapshot, transaction
from regapp.errors import NotFound
from regapp.services import books, capacity, events
from regapp.services.books import Book, Report
from regapp.services.capacity import MOST, Resized

ACTOR = "operator"

seats_cli = AppGroup("seats", help="Limits: check that they were kept, and change them.")


class Size(click.ParamType[int | str]):
    """A number of seats, or "none" for no limit."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the number, or "none"."""
        text = str(value).strip().lower()
        if text == "none":
            return text
        if not (text.isascii() and text.isdigit()) or int(text) > MOST:
            self.fail(
                f"“{value}” is no size: write a whole number from 0 to {MOST:,}, or none for no limit", param, ctx
            )
        return int(text)


@seats_cli.command("verify")
@click.option(
    "--patience",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Seconds to wait for queues that are being served just now.",
)
def verify(*, patience: int) -> None:
    """Recount all seats and compare; exit with 1 on any difference. Safe while visitors register."""
    report = _look()
    while report.only_unsettled and patience:
        sleep(1)
        patience -= 1
        report = _look()
    for book in report.books:
        click.echo(_line(book))
    for difference in report.differences:
        click.echo(f"DIFFERENCE in {difference.slug}: {difference.what}")
    if report.differences:
        sys.exit(1)


@seats_cli.command("resize")
@click.argument("event")
@click.argument("size", type=Size())
def resize(event: str, size: int | str) -> None:
    """Give EVENT the number of places SIZE ("none" for no limit) and serve its waiting list. Nobody is dropped."""
    try:
        event_id = events.get_id(event)
    except NotFound:
        raise no_such_event(event) from None
    with transaction():
        done = capacity.resize(event_id, size if isinstance(size, int) else None, actor=ACTOR, now=utcnow())
    promoted = done.promoted + (settle_all(event_id) if done.more else 0)
    click.echo(_summary(event, done, promoted=promoted))


def _look() -> Report:
    with snapshot() as connection:
        return books.verify(connection, now=utcnow())


def _line(book: Book) -> str:
    of = book.slug if book.category is None else f"{book.slug}, category {book.category}"
    return (
        f"{of}: size {_size(book.size)}, taken {book.taken} stored {book.taken_counted} counted, "
        f"waiting {book.waiting} stored {book.waiting_counted} counted"
    )


def _summary(event: str, done: Resized, *, promoted: int) -> str:
    taken = done.taken - done.promoted + promoted
    return f"{event}: size {_size(done.before)} → {_size(done.after)}, {taken} taken, {promoted} promoted"


def _size(size: int | None) -> str:
    return "none" if size is None else str(size)
