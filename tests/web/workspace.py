"""The workspace with something on every page of it, and the address of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, url_for
from sqlalchemy import select, update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.mail.letters import Written
from regapp.models import Event, OutboxMail, Role, Series
from regapp.services import announcements, capacity, events, importing, notes, registrations, saved_views, sheets, teams
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.notes import Beside
from regapp.services.own import Own
from regapp.services.people import View
from regapp.services.selections import Selection
from tests.factories import make_category, make_registration
from tests.web.organizers import give_password, make_account

PEOPLE = (
    ("Ilona", "Szabó", "Pannon Cluster", "HU"), ("Saskia", "de Vries", "Photonics Delta", "NL"),
    ("Jürgen", "Großmann", "Ministry of Economy", "DE"), ("Łukasz", "Żółkiewski", "Wood Cluster", "PL"),
    ("Zoë", "d’Aubigné", "Région Sud", "FR"), ("Δήμητρα", "Παπαδάκη", "Attica Cluster", "GR"),
    ("Siobhán", "O’Connor", "Institute of Food", "IE"), ("Inês", "Gonçalves", "Textile Agency", "PT"),
    ("Dana", "Popescu", "Water Network", "RO"), ("Bjørn", "Sæther", "Ocean Cluster", "NO"),
)  # fmt: skip
OURS = ("organizer.", "auth.account", "auth.codes", "auth.change")
NO_PAGES = {"organizer.list_file", "organizer.person_data", "organizer.mail_file"}
"""Answers that are files."""
LIST = "First name,Last name,E-mail,Organisation\nPál,Nagy,pal@example.org,Pannon Cluster\nNobody,,,\n".encode()


@dataclass(frozen=True)
class Workspace:
    """Where its owner works. `waiting`: somebody in the queue, with notes and a mail that failed."""

    me: Me
    event: EventFacts
    waiting: Own
    member: Me
    announcement: int
    list: int
    mail: int
    view: int
    category: int

    def pages(self, app: Flask, method: str = "GET") -> dict[str, str]:
        """Return the address of every page for those who are signed in, by endpoint; or of all that is sent to."""
        values = {
            "slug": self.event.slug, "code": self.waiting.code, "lang_code": "en", "account": self.member.id,
            "number": self.announcement, "mail_id": self.mail, "view_id": self.view,
            "category_id": self.category,
        }  # fmt: skip
        others = {
            "organizer.series": {"slug": "editions"},
            "organizer.capacity": {"event": self.event.taken + 2},
            "organizer.import_columns": {"number": self.list},
            "organizer.import_check": {"number": self.list, "first_name": 0, "last_name": 1, "email": 2},
        }
        found = {}
        with app.test_request_context():
            for rule in app.url_map.iter_rules():
                name = rule.endpoint
                if name.startswith(OURS) and name not in NO_PAGES and method in (rule.methods or ()):
                    chosen = {key: value for key, value in values.items() if key in rule.arguments}
                    found[name] = url_for(name, **chosen | others.get(name, {}))
        return found


def furnish(event: EventFacts, *, people: int = 24, size: int = 20) -> Workspace:
    """Fill an event with people over three weeks, a queue, notes, mail trouble, a message, a list to import."""
    now = utcnow()
    me, member = give_password(make_account("Eszter Varga")), make_account("Péter Kiss")
    with transaction():
        teams.add(event.id, me.id, Role.OWNER)
        teams.add(event.id, member.id, Role.DESK)
        capacity.resize(event.id, size, actor=me.actor, now=now)
    made = [_register(event, number, now - timedelta(days=21) * (1 - number / people)) for number in range(people)]
    with transaction():
        registrations.cancel(made[3].id, actor="attendee", now=now)
        notes.save(made[-1].id, Beside("Comes by train", ("speaker",)), seen=Beside("", ()), actor=me.actor, now=now)
        saved_views.save(event.id, me.id, name="Waiting, by country", query="state=waitlisted&sort=country")
        trouble = {"failed_at": now, "attempts": 13, "error": "550 no such user"}
        mine = (OutboxMail.registration_id == made[-1].id, OutboxMail.event_id == event.id)
        db.session.execute(update(OutboxMail).where(*mine).values(trouble))
        editions = Series(slug="editions", texts={"en": {"name": "European Cluster Conferences"}})
        db.session.add(editions)
        db.session.flush()
        db.session.execute(update(Event).where(Event.id == event.id).values(series_id=editions.id))
    announcement, kept = _write(event, me, now), _send_list(event, me, now)
    mail = db.session.scalars(select(OutboxMail.id).where(OutboxMail.failed_at.is_not(None))).one()
    view = saved_views.list_views(event.id, me.id)[0].id
    category = make_category(event, name="Members", size=12)
    return Workspace(me, events.get(event.id), made[-1], member, announcement, kept, mail, view, category)


def _register(event: EventFacts, number: int, at: datetime) -> Own:
    first, last, organisation, country = PEOPLE[number % len(PEOPLE)]
    return make_registration(
        event, now=at, first_name=first, last_name=last, organisation=organisation, country=country,
        email=f"guest.{number}@example.org", lang="hu" if country == "HU" else "en",
    )  # fmt: skip


def _write(event: EventFacts, me: Me, now: datetime) -> int:
    written, everybody = Written("How to get there", "Take tram 2 to *Közraktár utca*."), Selection(View())
    with transaction():
        seen = announcements.count(event.id, everybody).seen
        sent = announcements.send(
            events.get(event.id), me, everybody, written, query="", submission="f" * 32, seen=seen, now=now
        )
    return sent.id


def _send_list(event: EventFacts, me: Me, now: datetime) -> int:
    with transaction():
        return importing.keep(event.id, me.id, "guests.csv", sheets.read(LIST), now=now)
