"""What organizers write beside a person, for themselves: a note, and tags to find them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from regapp.db import db, table
from regapp.errors import ChangedMeanwhile, NotFound
from regapp.models import Registration, Tag
from regapp.services import current, person, records
from regapp.services.records import Action


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a person. `tags`: each once, in any order."""

    note: str
    tags: tuple[str, ...]


def save(registration_id: int, wanted: Beside, *, seen: Beside, actor: str, now: datetime) -> None:
    """Write note and tags, and a line of the history for what is new; the words themselves stand in none of them.

    `seen`: what was there when somebody decided. Raises: NotFound; ChangedMeanwhile if it is no longer there.
    """
    event, row = current.lock(registration_id)
    if row.erased_at is not None:
        raise NotFound
    before = _read(registration_id)
    if (before.note, set(before.tags)) != (seen.note, set(seen.tags)):
        raise ChangedMeanwhile
    done: list[Action] = []
    if wanted.note != before.note:
        written = update(Registration).where(Registration.id == registration_id)
        db.session.execute(written.values(note=wanted.note or None))
        done.append(Action.NOTED)
    if added := [tag for tag in wanted.tags if tag not in before.tags]:
        _put(event.id, registration_id, added)
        done.append(Action.TAGGED)
    if removed := [tag for tag in before.tags if tag not in wanted.tags]:
        db.session.execute(delete(Tag).where(Tag.registration_id == registration_id, Tag.tag.in_(removed)))
        done.append(Action.UNTAGGED)
    if done:
        about = {"event_id": event.id, "registration_id": registration_id}
        records.remember([records.line(action, actor=actor, now=now, **about) for action in done])


def _read(registration_id: int) -> Beside:
    note = db.session.scalar(select(Registration.note).where(Registration.id == registration_id))
    return Beside(note or "", tuple(person.list_tags(registration_id)))


def _put(event_id: int, registration_id: int, tags: Sequence[str]) -> None:
    rows = [{"registration_id": registration_id, "tag": tag, "event_id": event_id} for tag in tags]
    db.session.execute(insert(table(Tag)), rows)
