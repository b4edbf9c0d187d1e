"""Forms beside the table of people."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from regapp.web.fields import Line, Required, at_most, readable
from regapp.web.forms import Form

VIEW_LENGTH = 80


class SaveViewForm(Form):
    """What a view is to be called."""

    name = Line(
        lazy_gettext("Name of the view"),
        [Required(lazy_gettext("Write a name for this view")), readable, at_most(VIEW_LENGTH)],
        description=lazy_gettext(
            "Keeps filters, order and columns, for you alone. Words of a search are not kept: they may name people."
        ),
        render_kw={"autocomplete": "off"},
    )

    def refuse_more(self, most: int) -> None:
        """Say that there are as many views as can be kept."""
        self.name.errors = [_("You have %(most)s views here: forget one first, or use its name", most=most)]
