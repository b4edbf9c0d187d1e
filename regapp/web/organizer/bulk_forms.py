"""What is asked before something is done to many people."""

from __future__ import annotations

from flask_babel import lazy_gettext

from regapp.web.fields import Line, Required, at_most, readable
from regapp.web.forms import Form

TAG_LENGTH = 40


class TagForm(Form):
    """The word to put on people, or to take off."""

    tag = Line(
        lazy_gettext("Tag"),
        [Required(lazy_gettext("Write the word")), readable, at_most(TAG_LENGTH)],
        description=lazy_gettext("A word to find these people by. Only organizers see it."),
        render_kw={"autocomplete": "off"},
    )


class UntagForm(Form):
    """The word to take off people."""

    tag = Line(
        lazy_gettext("Tag"),
        [Required(lazy_gettext("Choose the word")), readable, at_most(TAG_LENGTH)],
        render_kw={"autocomplete": "off"},
    )
