"""Fields for local times. What a clock skips is refused; of a time that it shows twice we ask which is meant."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from wtforms.validators import StopValidation

from regapp import times
from regapp.rules import local_times
from regapp.web.fields import Line

FIRST_YEAR, LAST_YEAR = 2000, 2100
FIRST, SECOND = "first", "second"
AS_TEXT = {"autocomplete": "off", "type": "text"}
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(\.\d+)?)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Moment(Line):
    """A local time in the zone of its form (`form.zone`, None while that is not known).

    `data` is what was typed, `instant` what it means, None for an empty field. `which`: the first or second of two.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("render_kw", {"autocomplete": "off", "type": "datetime-local"})
        super().__init__(*args, **kwargs)
        self.instant: Any = None
        self.which = ""

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """Take the time, and beside it which of two is meant."""
        super().process(formdata, *args, **kwargs)
        if formdata is not None:
            which = formdata.get(f"{self.name}-which", "")
            self.which = which if which in (FIRST, SECOND) else ""

    def choices(self, tz: str | None) -> list[tuple[str, str]]:
        """Return (value, words) of the two instants that a time may mean, nothing if there is no doubt."""
        local = parse(self.data)
        if local is None or tz is None or not _is_near(local):
            return []
        found = local_times.instants(local, tz)
        if len(found) < 2:
            return []
        names = [times.short_zone(instant.astimezone(ZoneInfo(tz))) for instant in found]
        first = _("%(time)s %(zone)s, before the clocks go back", time=f"{local:%H:%M}", zone=names[0])
        second = _("%(time)s %(zone)s, after the clocks have gone back", time=f"{local:%H:%M}", zone=names[1])
        return [(FIRST, str(first)), (SECOND, str(second))]

    def pre_validate(self, form: Any) -> None:
        """Find the instant, or say what is wrong with the time."""
        self.instant = None
        if not self.data:
            return
        local = parse(self.data)
        if local is None:
            self.render_kw = AS_TEXT  # browsers would empty the field
            raise StopValidation(_("Write the day and the time like 2026-12-01 09:00"))
        if not _is_near(local):
            raise StopValidation(_years())
        if form.zone is not None:
            self.instant = _one(local, self.which, form.zone)


class Day(Line):
    """A day. `data` is what was typed, `day` what it means."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("render_kw", {"autocomplete": "off", "type": "date"})
        super().__init__(*args, **kwargs)
        self.day: Any = None

    def pre_validate(self, form: Any) -> None:
        """Find the day, or say what is wrong with it."""
        self.day = None
        if not self.data:
            return
        try:
            found = date.fromisoformat(self.data) if _DAY.fullmatch(self.data) else None
        except ValueError:
            found = None
        if found is None:
            self.render_kw = AS_TEXT
            raise StopValidation(_("Write the day like 2026-12-01"))
        if not _is_near(found):
            raise StopValidation(_years())
        self.day = found


def written(instant: datetime | None, tz: str) -> tuple[str, str]:
    """Return what a field shows for an instant, to the minute, and which of two that is; empty for none."""
    if instant is None:
        return "", ""
    local = local_times.shown(instant, tz)
    twice = len(local_times.instants(local.replace(fold=0), tz)) > 1
    return local.isoformat("T", "minutes"), (SECOND if local.fold else FIRST) if twice else ""


def parse(text: str) -> datetime | None:
    """Return a local time as browsers send it or people write it; None if it is none."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return None


def _one(local: datetime, which: str, tz: str) -> datetime:
    found = local_times.instants(local, tz)
    if not found:
        later = local_times.shown(local_times.at(local, tz), tz)
        raise StopValidation(
            _(
                "Clocks skip this time on that day: they go forward, and %(time)s becomes %(later)s. "
                "Choose a time before or after it",
                time=f"{local:%H:%M}",
                later=f"{later:%H:%M}",
            )
        )
    if len(found) > 1 and not which:
        raise StopValidation(_("Clocks show this time twice on that day, as they go back. Choose which one you mean"))
    return found[which == SECOND and len(found) > 1].astimezone(UTC)


def _is_near(day: date) -> bool:
    return FIRST_YEAR <= day.year < LAST_YEAR


def _years() -> str:
    return str(_("Write a year from %(first)s to %(last)s", first=FIRST_YEAR, last=LAST_YEAR - 1))
