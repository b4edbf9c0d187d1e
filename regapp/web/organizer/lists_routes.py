"""Lists to take away, and the one to sign on the day."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryFile
from threading import Lock
from typing import IO
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from regapp.clock import utcnow
from regapp.db import snapshot
from regapp.models import Role
from regapp.services import attendance, exports
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.exports import ALL_COLUMNS
from regapp.web import access, languages
from regapp.web.organizer import lists_choice
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.lists_choice import Choice, whole_number
from regapp.web.organizer.view_words import narrowed
from regapp.web.pages import page

LARGE = 5000
"""People above which a list is made only while no other large one is, so that visitors keep the processor."""
PATIENCE, RETRY_AFTER = 2.0, 10
"""Seconds that a large list waits for its turn; after which it is worth another try."""
BLOCK = 64 * 1024
"""Bytes of a file that are sent at a time."""
_turn = Lock()


@bp.get("/events/<slug:slug>/lists")
@access.member(Role.VIEWER)
def lists(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Let somebody choose what to take away."""
    return _lists_page(me, event, lists_choice.read(request.args))


@bp.get("/events/<slug:slug>/lists/file")
@access.member(Role.VIEWER)
def list_file(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Give the list, made whole before the first byte is sent."""
    choice = lists_choice.read(request.args)
    if choice.problems:
        return _lists_page(me, event, choice, status=422)
    with snapshot() as connection:
        large = exports.count(connection, event.id, choice.wanted.view) > LARGE
    if large and not _turn.acquire(timeout=PATIENCE):
        response = _lists_page(me, event, choice, status=503)
        response.headers["Retry-After"] = str(RETRY_AFTER)
        return response
    try:
        file = _make(event, choice)
    finally:
        if large:
            _turn.release()
    return _send(file, event, choice)


@bp.get("/events/<slug:slug>/attendance", endpoint="attendance")
@access.member(Role.VIEWER)
def attendance_list(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show who is expected, with a line for each to sign on each day."""
    sheet = attendance.sheet(event, part=whole_number(request.args, "part"), days=whole_number(request.args, "days"))
    here = partial(url_for, "organizer.attendance", slug=event.slug)
    parts = [here(part=part, days=sheet.group) for part in range(1, sheet.parts + 1)]
    groups = [here(part=sheet.part, days=group) for group in range(1, sheet.groups + 1)]
    return page(
        "organizer/attendance.html", me=me, event=event, tab="organizer.lists", sheet=sheet, parts=parts, groups=groups,
        now=utcnow(), categories={one.id: one.text("name", languages.current()) for one in event.categories},
    )  # fmt: skip


def _lists_page(me: Me, event: EventFacts, choice: Choice, *, status: int = 200) -> Response:
    with snapshot() as connection:
        count = exports.count(connection, event.id, choice.wanted.view)
    return page(
        "organizer/lists.html", status=status, me=me, event=event, tab="organizer.lists", choice=choice, count=count,
        columns=ALL_COLUMNS, words=lists_choice, busy=status == 503, wait=RETRY_AFTER,
        narrowed=narrowed(choice.wanted.view, event),
    )  # fmt: skip


def _make(event: EventFacts, choice: Choice) -> IO[bytes]:
    """Write the list into a file that nobody else sees, and give the connection back."""
    file = TemporaryFile()  # noqa: SIM115  closed when it has been sent
    try:
        with snapshot() as connection:
            exports.write(connection, event.slug, choice.wanted, file)
    except BaseException:
        file.close()
        raise
    return file


class _Sending:
    """A file on its way, block by block; closed as soon as nobody wants more of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(partial(self.file.read, BLOCK), b"")

    def close(self) -> None:
        """Close the file, which was its only copy."""
        self.file.close()

    __del__ = close


def _send(file: IO[bytes], event: EventFacts, choice: Choice) -> Response:
    size = file.seek(0, 2)
    file.seek(0)
    kind, today = choice.wanted.format, utcnow().astimezone(ZoneInfo(event.tz)).date()
    response = Response(_Sending(file), mimetype=kind.mimetype)
    response.content_length = size
    response.headers.set("Content-Disposition", "attachment", filename=f"{event.slug}-{today}.{kind.ending}")
    return response
