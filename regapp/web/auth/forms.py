"""What organizers fill in to sign in, and about their account."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.errors import WeakPassword
from regapp.rules.passwords import LONGEST, SHORTEST, check_password
from regapp.services.accounts import Me
from regapp.speech import LANGUAGES
from regapp.web.fields import Line, Required, Secret, at_most, no_web_address, readable
from regapp.web.forms import NAME_LENGTH, Form, address_line

CODE_LENGTH = 40


def _present_password() -> Secret:
    return Secret(
        lazy_gettext("Present password"),
        [Required(lazy_gettext("Write the password with which you sign in"))],
        autocomplete="current-password",
    )


def _code(label: Any, hint: Any) -> Line:
    return Line(
        label,
        [Required(lazy_gettext("Write the code")), at_most(CODE_LENGTH)],
        description=hint,
        render_kw={"autocomplete": "one-time-code"},
    )


class SignInForm(Form):
    """Who it is."""

    email = address_line("", lazy_gettext("Write the address of your account"), autocomplete="username")
    password = Secret(
        lazy_gettext("Password"), [Required(lazy_gettext("Write your password"))], autocomplete="current-password"
    )

    def refuse(self) -> None:
        """Say that this is nobody, whatever is wrong."""
        self.password.errors = [_("Address and password do not belong together: check both")]


class CodeForm(Form):
    """The second proof."""

    code = _code(lazy_gettext("Code"), lazy_gettext("Six digits from your app, or one of your recovery codes."))

    def refuse(self) -> None:
        """Say that the code opens nothing."""
        self.code.errors = [_("This code does not fit, or was used before: wait for the next one")]


class ForgottenForm(Form):
    """Where the link goes."""

    email = address_line("", lazy_gettext("Write the address of your account"), autocomplete="username")


class NewPasswordForm(Form):
    """A password that is set. `me`: whose, since nobody may use their own name."""

    new_password = Secret(
        lazy_gettext("New password"),
        [Required(lazy_gettext("Write a new password"))],
        autocomplete="new-password",
        description=lazy_gettext("At least 10 characters. Three or four words that do not belong together are good."),
    )

    def __init__(self, me: Me, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.me = me

    def validate_new_password(self, field: Any) -> None:
        """Refuse what would be guessed."""
        try:
            check_password(field.data, email=self.me.email, name=self.me.name)
        except WeakPassword as error:
            raise StopValidation(_weakness(error)) from None


class ChangePasswordForm(NewPasswordForm):
    """Another password, set by who knows the present one."""

    page_order = ("password", "new_password")
    password = _present_password()

    def refuse(self) -> None:
        """Say that the present password is another one."""
        _refuse_password(self)


class PasswordForm(Form):
    """A change that takes the password."""

    password = _present_password()

    def refuse(self) -> None:
        """Say that the present password is another one."""
        _refuse_password(self)


class CodesForm(PasswordForm):
    """One-time codes are switched on: the app shows a code of the secret that the page has shown."""

    page_order = ("code", "password")
    code = _code(lazy_gettext("Code"), lazy_gettext("The six digits that your app shows now."))
    secret = Line("", render_kw={"autocomplete": "off"})

    def refuse_code(self) -> None:
        """Say that the app shows another code."""
        self.code.errors = [_("This code does not fit: write the one that your app shows now")]


class ProfileForm(Form):
    """How we call somebody, and in which language."""

    name = Line(
        lazy_gettext("Name"),
        [Required(lazy_gettext("Write your name")), readable, at_most(NAME_LENGTH), no_web_address],
        render_kw={"autocomplete": "name"},
    )
    lang = Line(
        lazy_gettext("Language"),
        description=lazy_gettext("Of the workspace, and of our mails to you."),
        render_kw={"autocomplete": "off"},
    )

    def validate_lang(self, field: Any) -> None:
        """Refuse a language that we do not speak."""
        if field.data not in LANGUAGES:
            raise StopValidation(_("Choose a language from the list"))


def _refuse_password(form: Any) -> None:
    form.password.errors = [_("This is not your present password: write it once more")]


def _weakness(error: WeakPassword) -> str:
    length = error.values["length"]
    sentences = {
        "short": _("Make it at least %(least)s characters long: it has %(length)s now", least=SHORTEST, length=length),
        "long": _("Shorten it to %(most)s characters: it has %(length)s now", most=LONGEST, length=length),
        "own": _("Take something else than your name or address: it is what others try first"),
        "common": _("Take something else: this is among the first that others try"),
    }
    return sentences[error.values["reason"]]
