"""Numbers of places as organizers type them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms.validators import StopValidation

from regapp.errors import NotFound
from regapp.rules.seating import QuotaId
from regapp.services.capacity import MOST, Limit
from regapp.services.events import EventFacts
from regapp.web import languages
from regapp.web.fields import Line
from regapp.web.filters import number
from regapp.web.forms import Form

EVENT, CATEGORY = "event", "category-"
"""The field of the limit of the whole event, and what those of categories begin with, before the id."""


def number_of_places(form: Any, field: Any) -> None:
    """Refuse what is no number of places; an empty field is one: no limit."""
    if not field.data:
        return
    if not (field.data.isascii() and field.data.isdigit()):
        raise StopValidation(
            _("Write a whole number such as 250, 0 for an interest list, or leave it empty for no limit")
        )
    if len(field.data.lstrip("0")) > len(str(MOST)) or int(field.data) > MOST:
        raise StopValidation(_("Write at most %(most)s, or leave it empty for no limit", most=number(MOST)))


def _line(label: Any) -> Line:
    attributes = {"autocomplete": "off", "inputmode": "numeric"}
    return Line(label, [number_of_places], render_kw=attributes)


class _Sizes(Form):
    """A field for each limit. `stored`: the sizes that there are, by field; what a form does not name stays so."""

    stored: Mapping[str, str]
    limits: Mapping[str, Limit]

    event = _line(lazy_gettext("Whole event"))

    class Meta(Form.Meta):
        """How WTForms binds the form."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Take what was sent, and the sizes that there are for limits of which nothing was said."""
            sent = self.sent(form, formdata)
            return None if sent is None else _completed(form, sent)

        def sent(self, form: Any, formdata: Any) -> Any:
            """Return what was sent, None if nothing was."""
            return super().wrap_formdata(form, formdata)

    @property
    def size(self) -> int | None:
        """Return the number of places of the whole event, None for no limit. Only of a valid form."""
        return _size(self.event)

    @property
    def beside(self) -> dict[QuotaId, int | None]:
        """Return the sizes of the categories, by the ids of their quotas. Only of a valid form."""
        return {limit.quota_id: _size(self[name]) for name, limit in self.limits.items() if name != EVENT}

    @property
    def rows(self) -> list[tuple[Any, Limit]]:
        """Return each limit with its field, the event first."""
        return [(self[name], limit) for name, limit in self.limits.items()]


class TryForm(_Sizes):
    """Numbers to try, read from the address: nothing is changed by looking."""

    class Meta(_Sizes.Meta):
        """Without a guard against other sites, for the same reason."""

        csrf = False

        def sent(self, form: Any, formdata: Any) -> Any:
            """Read the address, if it says what to try."""
            return request.args if form.is_asked else None

    @property
    def unseen(self) -> tuple[str, ...]:
        """Return no field: this form has no guard."""
        return ()

    @property
    def is_asked(self) -> bool:
        """Say whether there is something to try."""
        return any(name in request.args for name in self.limits)


class ApplyForm(_Sizes):
    """Numbers to make true, with the seal of what was shown."""

    seal = Line()


Sizes = TypeVar("Sizes", TryForm, ApplyForm)


def sizes_form(kind: type[Sizes], event: EventFacts) -> Sizes:
    """Return a form with a field for each limit of an event. Raises: NotFound if limits of other events were sent."""
    lang = languages.current()
    limits: dict[str, Limit] = {EVENT: event}
    limits |= {f"{CATEGORY}{one.id}": one for one in event.categories}
    if any(name.startswith(CATEGORY) and name not in limits for name in request.values):
        raise NotFound
    stored = {name: "" if limit.size is None else str(limit.size) for name, limit in limits.items()}
    members: dict[str, Any] = {f"{CATEGORY}{one.id}": _line(one.text("name", lang)) for one in event.categories}
    made = type(f"{kind.__name__}WithCategories", (kind,), {**members, "stored": stored, "limits": limits})
    return cast(Sizes, made(data=stored))


def _size(field: Any) -> int | None:
    return int(field.data) if field.data else None


def _completed(form: Any, sent: Any) -> MultiDict[str, str]:
    """Return what was sent, with the sizes that there are for limits of which nothing was said."""
    unsaid = MultiDict({name: size for name, size in form.stored.items() if name not in sent})
    return CombinedMultiDict([sent, unsaid])
