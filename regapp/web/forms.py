"""What all our forms share."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from flask import request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms.csrf.core import CSRF, CSRFTokenField
from wtforms.validators import StopValidation

from regapp.web import signing
from regapp.web.fields import Line, Required, at_most, mail_address, readable

NAME_LENGTH = 200
EMAIL_LENGTH = 254


_made: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Field as declared → the field that forms copy. Weak, as some forms are declared for one request."""


class FreshToken(CSRFTokenField):  # type: ignore[misc]  # WTForms ships no types
    """Guards a form against other sites. Its next token is made when a page shows it: most answers are another page."""

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Take what was sent."""
        super(CSRFTokenField, self).process(*args, **kwargs)

    @property
    def current_token(self) -> str:
        """Return the token to be sent back."""
        return str(self.csrf_impl.generate_csrf_token(self))


class Guard(CSRF):  # type: ignore[misc]  # WTForms ships no types
    """Flask-WTF's guard, with tokens that are made when they are needed, by what is made once."""

    field_class = FreshToken

    def generate_csrf_token(self, field: Any) -> str:
        """Return the token of this answer."""
        return signing.form_token()

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        """Refuse a form that did not come from a page of ours, or lay open too long."""
        if not signing.is_form_token(field.data):
            raise StopValidation("the form did not come from a page of ours")  # never shown: see `is_stale`


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form of ours: text only, guarded against other sites, its problems in the order of its fields.

    `page_order`: names of the fields as the page shows them, where that is not the order in which they are declared.
    """

    page_order: tuple[str, ...] = ()

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF ships no types
        """How WTForms binds the form."""

        csrf_class = Guard

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            """Return a copy of the field, which is made once: making one takes thirty times as long.

            What copies share (label, validators, flags) no form changes; data and errors each gets of its own.
            """
            if options["prefix"] or issubclass(unbound_field.field_class, CSRFTokenField):
                return super().bind_field(form, unbound_field, options)  # belongs to this form alone
            made = _made.get(unbound_field)
            if made is None:
                made = super().bind_field(form, unbound_field, options)
                made._form = made.meta = None
                _made[unbound_field] = made
            field = object.__new__(type(made))
            field.__dict__.update(made.__dict__, _form=form, meta=self)
            return field

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Read fields only: a file that is sent under the name of a field is no text.

            A form made with `formdata=None` is another one on the same page than the one that was sent.
            """
            return None if formdata is None or request.method != "POST" else request.form

        def get_translations(self, form: Any) -> None:
            """Use no sentences of WTForms: all are ours."""

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return (field, sentence) of each field that needs a look, in the order of the page."""
        found = [(name, errors[0]) for name, errors in self.errors.items() if name not in self.unseen]
        order = self.page_order or tuple(self._fields)
        return sorted(found, key=lambda problem: order.index(problem[0]))

    @property
    def unseen(self) -> tuple[str, ...]:
        """Return the names of fields that visitors do not see."""
        return ("csrf_token",)

    @property
    def is_stale(self) -> bool:
        """Say whether the form came back without its guards, as after hours in an open page."""
        return any(self[name].errors for name in self.unseen)


def address_line(hint: Any, wanted: Any, *, autocomplete: str = "email") -> Line:
    """Return the field for a mail address; `hint` says what it is for, `wanted` what to do when it is empty."""
    return Line(
        lazy_gettext("E-mail"),
        [Required(wanted), readable, at_most(EMAIL_LENGTH), mail_address],
        description=hint,
        render_kw={"autocomplete": autocomplete, "type": "email"},
    )


class ConfirmForm(Form):
    """One button that asks once more."""
