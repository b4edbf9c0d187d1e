"""Events as calendar files: to download, and as invitations that calendars take out of a mail.

Source: RFC 5545 (the format), RFC 5546 (what REQUEST, CANCEL and PUBLISH ask for).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress

PRODUCT = "-//regapp//event registration//EN"


class Method(StrEnum):
    """What a calendar should do with a file: note it, ask its owner's calendar to keep it, or take it out again."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in an invitation."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a calendar. `uid` stays the same for ever; `sequence` rises with every change."""

    uid: str
    sequence: int
    tz: str
    starts_at: datetime
    ends_at: datetime
    title: str
    description: str
    place: str
    url: str
    cancelled: bool = False


def uid_of(code: str) -> str:
    """Return the name of a registration's entry, the same in every file and mail."""
    return f"{code}@regapp"


def build(
    entries: Sequence[Entry],
    *,
    now: datetime,
    method: Method = Method.PUBLISH,
    organizer: Person | None = None,
    attendee: Person | None = None,
) -> bytes:
    """Return a calendar file in UTF-8. `organizer` and `attendee` belong into invitations and into nothing else."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method.value)
    for zone in _zones(entries):  # first: some calendars read a file once, from top to bottom
        calendar.add_component(zone)
    for entry in entries:
        component = _component(entry, now=now)
        if organizer is not None and attendee is not None:
            component.add("organizer", _address(organizer))
            component.add("attendee", _invited(attendee))
        calendar.add_component(component)
    return bytes(calendar.to_ical())


def _component(entry: Entry, *, now: datetime) -> Event:
    zone = ZoneInfo(entry.tz)
    component = Event()
    component.add("uid", entry.uid)
    component.add("sequence", entry.sequence)
    component.add("dtstamp", now)
    component.add("dtstart", entry.starts_at.astimezone(zone))
    component.add("dtend", entry.ends_at.astimezone(zone))
    component.add("summary", entry.title)
    component.add("description", entry.description)
    component.add("url", entry.url)
    component.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    component.add("transp", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    if entry.place:
        component.add("location", entry.place)
    return component


def _address(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.address}")
    if person.name:
        address.params["CN"] = person.name.replace('"', "'")  # RFC 5545, 3.2: a parameter cannot hold a quote
    return address


def _invited(person: Person) -> vCalAddress:
    """Return the attendee, who has said yes already: no calendar needs to ask."""
    address = _address(person)
    address.params.update({"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    return address


def _zones(entries: Sequence[Entry]) -> list[Timezone]:
    """Return each zone with its clock changes in the years of the entries."""
    years: dict[str, list[int]] = {}
    for entry in entries:
        years.setdefault(entry.tz, []).extend([entry.starts_at.year, entry.ends_at.year])
    return [_zone(tz, first=min(found), last=max(found)) for tz, found in sorted(years.items())]


def _zone(tz: str, *, first: int, last: int) -> Timezone:
    zone = Timezone.from_tzid(tz, first_date=date(first, 1, 1), last_date=date(last + 1, 1, 1))
    parts: list[Any] = zone.subcomponents  # typed as all that a component may hold
    for part in parts:
        gained = part["TZOFFSETTO"].td - part["TZOFFSETFROM"].td
        if gained.total_seconds() > 0:  # 3.6.5: a change begins in the time that it ends
            for begins in (part["DTSTART"], *(part["RDATE"].dts if "RDATE" in part else ())):
                begins.dt -= gained
    return zone
