"""Who takes part in the story, and what they do. Everybody looks at the clock that hangs on the wall just then."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

import pytest
from flask import current_app
from sqlalchemy import select, update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.errors import RegistrationClosed, TooLate
from regapp.mail import outbox
from regapp.mail.letters import Written
from regapp.mail.transport import file_name
from regapp.models import Membership, OutboxMail, Role
from regapp.services import (
    accounts,
    announcements,
    capacity,
    contacts,
    editing,
    erasure,
    events,
    registrations,
    teams,
)
from regapp.services.people import View
from regapp.services.selections import Selection
from tests.factories import make_event, make_registration

WORDS = Written("Where to meet", "At the **main** entrance.")


class Cast:
    """Two events in Budapest, their organizer, and the people of the story. `names`: registration → who it is."""

    def __init__(self, dates: dict[str, datetime]) -> None:
        self.event = make_event(slug="story", tz="Europe/Budapest", size=3, **dates)
        self.other = make_event(slug="other", tz="Europe/Budapest", **dates)
        self.names: dict[int, str] = {}
        self._addresses: dict[str, str] = {}
        with transaction():
            self.me = accounts.create("organizer@example.org", "Eszter Varga", now=utcnow())
            teams.add(self.event.id, self.me.id, Role.OWNER)
            wants = {"tells_full": True, "tells_mail": True, "tells_digest": True}
            db.session.execute(update(Membership).where(Membership.account_id == self.me.id).values(wants))

    def come(self, *names: str) -> None:
        """Register; who comes too late agrees to wait."""
        for name in names:
            event = self.other if name == "hanna" else self.event
            self._addresses[name] = f"{name}@example.org"
            own = make_registration(event, now=utcnow(), first_name=name.title(), email=self._addresses[name])
            self.names[own.id] = name

    def come_in_vain(self) -> None:
        """Find registration closed."""
        with pytest.raises(RegistrationClosed):
            make_registration(self.event, now=utcnow())

    def cancel(self, name: str) -> None:
        """Give up a place, or waiting for one."""
        with transaction():
            registrations.cancel(self._id(name), actor="attendee", now=utcnow())

    def cancel_in_vain(self, name: str) -> None:
        """Come too late for cancelling."""
        with pytest.raises(TooLate):
            self.cancel(name)

    def ask_for_link(self, name: str) -> None:
        """Ask for the own link again."""
        with transaction():
            contacts.send_link_again(self.event.id, self._addresses[name], now=utcnow())

    def change_address(self, name: str) -> None:
        """Take another mail address."""
        self._addresses[name] = f"{name}@example.com"
        with transaction():
            contacts.change_email(self._id(name), self._addresses[name], actor="attendee", now=utcnow())

    def erase(self, name: str) -> None:
        """Ask to be forgotten."""
        with transaction():
            erased = erasure.erase(self._id(name), actor="attendee", now=utcnow())
        erasure.forget_files(erased)

    def announce(self) -> int:
        """Write to those who have a place."""
        chosen = Selection(View())
        with transaction():
            seen = announcements.count(self.event.id, chosen).seen
            form = {"query": "", "submission": secrets.token_hex(16), "seen": seen}
            return announcements.send(events.get(self.event.id), self.me, chosen, WORDS, **form, now=utcnow()).id

    def announce_and_call_back(self) -> None:
        """Write to them, and think better of it."""
        number = self.announce()
        with transaction():
            assert announcements.undo(self.event.id, number, self.me, now=utcnow())

    def resize(self, size: int) -> None:
        """Change the number of places."""
        with transaction():
            capacity.resize(self.event.id, size, actor=self.me.actor, now=utcnow())

    def call_other_off(self) -> None:
        """Call the other event off."""
        with transaction():
            editing.cancel_event(self.other.id, actor=self.me.actor, now=utcnow())

    def meet_a_full_disk(self, name: str) -> None:
        """Change something; the first try to send the mail about it fails."""
        self.change_address(name)
        newest = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
        assert newest is not None
        in_the_way = Path(current_app.config["INSTANCE_DIR"]) / "mail" / file_name(newest.id, newest.message)
        in_the_way.mkdir(parents=True)

    def make_room_on_the_disk(self) -> None:
        """Let mails be written again."""
        for folder in (Path(current_app.config["INSTANCE_DIR"]) / "mail").glob("*.eml"):
            if folder.is_dir():
                folder.rmdir()

    def change_as_a_worker_dies(self, name: str) -> None:
        """Change something; the worker that has the mail about it in its hands is killed."""
        self.change_address(name)
        assert outbox.claim(now=utcnow())

    def _id(self, name: str) -> int:
        return next(id_ for id_, known in self.names.items() if known == name)
