"""Fields and validators of forms. They judge what can be known from the form alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from wtforms import BooleanField, StringField
from wtforms.validators import StopValidation
from wtforms.widgets import TextArea

from regapp.mail.messages import TURNS_DIRECTION
from regapp.models import OrganisationType
from regapp.speech import DEFAULT
from regapp.web import countries
from regapp.web.filters import number

BROKEN = "\N{REPLACEMENT CHARACTER}"
"""Stands where broken UTF-8 was, and takes the place of what we do not keep: so the visitor sees where it is."""
YES = frozenset({"yes", "on", "y", "true", "1"})
"""What programs send for a box that is ticked, in lower case."""
_PLAIN = re.compile("[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*")
"""The part before the @ of nearly all addresses: it is right whatever follows. The whole address may be 254 long."""
LONGEST_LOCAL = 64
"""Characters before the @. Source: RFC 5321, 4.5.3.1.1."""
Validator = Callable[[Any, Any], None]


def clean(text: str) -> str:
    """Return one line: white space, line breaks too, as single spaces; what we do not keep as the broken sign."""
    line = " ".join(text.split())
    if line.isprintable():  # nearly always
        return line
    line = "".join(BROKEN if _is_unwanted(char) else char for char in line)
    return line if _has_visible(line) else ""


class Line(StringField):  # type: ignore[misc]  # WTForms ships no types
    """One line of text."""

    def process_data(self, value: Any) -> None:
        """Take a stored value; nothing is an empty line."""
        self.data = value or ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value that was sent; none is an empty line."""
        self.data = clean(valuelist[0]) if valuelist else ""


class Lines(Line):
    """Text of several lines."""

    widget = TextArea()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value that was sent; none is an empty text."""
        text = valuelist[0] if valuelist else ""
        self.data = "\n".join(clean(line) for line in text.splitlines()).strip()


class Secret(StringField):  # type: ignore[misc]  # WTForms ships no types
    """A password: taken as it was typed, spaces too, and never sent back. `autocomplete` tells browsers which one."""

    def __init__(self, label: Any, validators: Any = (), *, autocomplete: str, **kwargs: Any) -> None:
        """Make the field."""
        super().__init__(label, validators, render_kw={"type": "password", "autocomplete": autocomplete}, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value that was sent."""
        self.data = valuelist[0] if valuelist else ""


class Prose(Lines):
    """Markdown: text of several lines, whose indentation means something."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value that was sent; none is an empty text."""
        lines = (valuelist[0] if valuelist else "").expandtabs(4).splitlines()
        indents = [line[: len(line) - len(line.lstrip(" "))] for line in lines]
        self.data = "\n".join(
            f"{indent}{text}" if text else "" for indent, text in zip(indents, map(clean, lines), strict=True)
        ).strip("\n")


class Tick(BooleanField):  # type: ignore[misc]  # WTForms ships no types
    """A box that is ticked by a value that means yes, and by no other: agreement is never guessed."""

    def __init__(self, *args: Any, value: str = "yes", **kwargs: Any) -> None:
        """Make a box; `value` is what its form sends."""
        super().__init__(*args, **kwargs)
        self.yes = YES | {value}

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value that was sent; none is a box left empty."""
        self.data = bool(valuelist) and valuelist[0].strip().lower() in self.yes


class Required:
    """Ask for the field with this sentence."""

    field_flags = {"required": True}

    def __init__(self, message: Any) -> None:
        self.message = message

    def __call__(self, form: Any, field: Any) -> None:
        if not field.data:
            raise StopValidation(self.message)


def readable(form: Any, field: Any) -> None:
    """Refuse characters that cannot be shown or would change what stands around them."""
    if BROKEN in field.data:
        raise StopValidation(_("Take out the character shown as %(sign)s: it cannot be read", sign=BROKEN))


def no_web_address(form: Any, field: Any) -> None:
    """Refuse a name that mail programs would make a link: our mails greet whoever's address was typed by it."""
    if "://" in field.data or "www." in field.data.casefold():
        raise StopValidation(_("Write your name without a web address"))


def at_most(limit: int) -> Validator:
    """Refuse longer text, naming both numbers. Units: characters."""

    def check(form: Any, field: Any) -> None:
        if len(field.data) > limit:
            raise StopValidation(
                _(
                    "Shorten this to %(limit)s characters: it has %(length)s now",
                    limit=number(limit),
                    length=number(len(field.data)),
                )
            )

    return check


def known_country(form: Any, field: Any) -> None:
    """Refuse what is not in the list of countries."""
    if field.data not in countries.names(DEFAULT):
        raise StopValidation(_("Choose a country from the list"))


def known_organisation_type(form: Any, field: Any) -> None:
    """Refuse what is no kind of organisation that we count."""
    if field.data not in set(OrganisationType):
        raise StopValidation(_("Choose one from the list"))


def mail_address(form: Any, field: Any) -> None:
    """Refuse what no mail can be sent to, and say what to change. Nobody is asked over the network."""
    local, _at, domain = field.data.rpartition("@")
    plain = len(local) <= LONGEST_LOCAL and _PLAIN.fullmatch(local) and domain.isascii()
    if not (_is_domain(domain) if plain else _is_address(field.data)):
        raise StopValidation(_address_problem(field.data))


@lru_cache(4096)  # most people of one event write from few domains, and looking at one takes long
def _is_domain(domain: str) -> bool:
    return _is_address(f"a@{domain}")


def _is_address(address: str) -> bool:
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    return True


def _address_problem(address: str) -> str:
    local, at, domain = address.rpartition("@")
    example = "name@example.org"
    if not at:
        return _("Add the @ and the part after it, such as %(example)s", example=example)
    if not local:
        return _("Add the part before the @, such as %(example)s", example=example)
    if not domain:
        return _("Add the part after the @, such as %(example)s", example=example)
    if "." not in domain:
        return _("Add the ending after “%(domain)s”, such as %(example)s", domain=domain, example=example)
    if " " in address:
        return _("Take out the space: an address looks like %(example)s", example=example)
    if not local.isascii():
        return _("Use an address with plain letters (a to z) before the @: mail servers refuse others")
    return _("Check the address: it should look like %(example)s", example=example)


def _is_unwanted(char: str) -> bool:
    return char in TURNS_DIRECTION or unicodedata.category(char) in ("Cc", "Cs") or _is_noncharacter(ord(char))


def _is_noncharacter(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _has_visible(line: str) -> bool:
    return any(unicodedata.category(char) not in ("Cf", "Zs") for char in line)
