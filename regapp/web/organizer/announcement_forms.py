"""What organizers write to many people."""

from __future__ import annotations

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import HiddenField
from wtforms.validators import StopValidation

from regapp.mail.letters import Written
from regapp.web.fields import Line, Prose, Required, at_most, readable
from regapp.web.forms import Form
from regapp.web.public.forms import new_submission

SUBJECT_LENGTH = 150
BODY_LENGTH = 10_000
_SUBMISSION = re.compile("[0-9a-f]{32}")


class AnnouncementForm(Form):
    """A message. `submission` is one value per message, so that one sent twice goes out once (R9)."""

    page_order = ("subject", "body")

    subject = Line(
        lazy_gettext("Subject"),
        [Required(lazy_gettext("Write what the message is about")), readable, at_most(SUBJECT_LENGTH)],
        render_kw={"autocomplete": "off"},
    )
    body = Prose(
        lazy_gettext("Message"),
        [Required(lazy_gettext("Write the message")), readable, at_most(BODY_LENGTH)],
        description=lazy_gettext(
            "Above it each mail says “Dear …,” with the name. Everybody gets your words in the language in which you "
            "write them. An empty line begins a paragraph, a dash a list. **Two stars** make bold, "
            "[words](https://example.org) a link."
        ),
        render_kw={"autocomplete": "off", "rows": 14},
    )
    submission = HiddenField(default=new_submission)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Return the names of fields that nobody sees."""
        return ("csrf_token", "submission")

    def validate_submission(self, field: HiddenField) -> None:
        """Refuse a value that we did not make, and put a fresh one in its place."""
        if not field.raw_data or not _SUBMISSION.fullmatch(field.data or ""):
            field.data = new_submission()
            raise StopValidation(_("The form did not arrive whole"))

    def written(self) -> Written:
        """Return the words of a valid form."""
        return Written(self.subject.data, self.body.data)
