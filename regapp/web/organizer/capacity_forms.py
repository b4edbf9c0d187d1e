"""Numbers of places as organizers type them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.services.capacity import MOST
from regapp.web.fields import Line
from regapp.web.filters import number
from regapp.web.forms import Form

EVENT = "event"
"""The field of the limit of the whole event; other limits will have fields of their own."""


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


def _line() -> Line:
    attributes = {"autocomplete": "off", "inputmode": "numeric"}
    return Line(lazy_gettext("Whole event"), [number_of_places], render_kw=attributes)


class _Sizes(Form):
    event = _line()

    @property
    def size(self) -> int | None:
        """Return the number of places of the whole event, None for no limit. Only of a valid form."""
        return int(self.event.data) if self.event.data else None


class TryForm(_Sizes):
    """Numbers to try, read from the address: nothing is changed by looking."""

    class Meta(_Sizes.Meta):
        """Without a guard against other sites, for the same reason."""

        csrf = False

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Read the address, if it says what to try."""
            return request.args if EVENT in request.args else None

    @property
    def unseen(self) -> tuple[str, ...]:
        """Return no field: this form has no guard."""
        return ()

    @property
    def is_asked(self) -> bool:
        """Say whether there is something to try."""
        return EVENT in request.args


class ApplyForm(_Sizes):
    """Numbers to make true, with the seal of what was shown."""

    seal = Line()
