"""What owners fill in about the team, and members about their mails."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.models import Role
from regapp.services.teams import Invited, Notices
from regapp.web.fields import Line, Required, Tick, at_most, no_web_address, readable
from regapp.web.forms import NAME_LENGTH, Form, address_line


class RoleForm(Form):
    """A role."""

    role = Line(lazy_gettext("Role"), render_kw={"autocomplete": "off"})

    def validate_role(self, field: Any) -> None:
        """Refuse a role that there is not."""
        if field.data not in set(Role):
            raise StopValidation(_("Choose a role from the list"))


class InviteForm(RoleForm):
    """Somebody new in the team."""

    page_order = ("email", "name", "role")

    email = address_line("", lazy_gettext("Write the address of the person"), autocomplete="off")
    name = Line(
        lazy_gettext("Name"),
        [Required(lazy_gettext("Write the name of the person")), readable, at_most(NAME_LENGTH), no_web_address],
        render_kw={"autocomplete": "off"},
    )

    def invited(self, lang: str) -> Invited:
        """Return who is to join."""
        return Invited(self.email.data, self.name.data, Role(self.role.data), lang)

    def refuse_member(self) -> None:
        """Say that this person is there already."""
        self.email.errors = [_("This person is in the team already: change the role in the list")]


class NoticesForm(Form):
    """Of what a member is told by mail."""

    full = Tick("")
    mail = Tick("")
    digest = Tick("")

    def notices(self) -> Notices:
        """Return what was ticked."""
        return Notices(self.full.data, self.mail.data, self.digest.data)
