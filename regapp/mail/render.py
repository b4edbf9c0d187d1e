"""From a row of the outbox to subject, text and HTML, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from babel.numbers import format_decimal
from css_inline import CSSInliner
from flask import Flask, current_app
from flask_babel import force_locale, get_locale, gettext, ngettext
from jinja2 import Environment, StrictUndefined

from regapp.mail import markdown, messages
from regapp.mail.letters import Letter
from regapp.mail.messages import Message
from regapp.mail.words import values
from regapp.speech import DEFAULT, LANGUAGES

GOOD_NEWS = frozenset({Message.CONFIRMED, Message.PROMOTED})
WAITING = frozenset({Message.WAITLISTED, Message.EVENT_CHANGED})
"""Which mails have the colours of a place, and of waiting, as on the pages; the others are calm."""

_INLINER = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one reads: the subject, and the same words as plain text and as HTML."""

    lang: str
    subject: str
    text: str
    html: str


def render(letter: Letter) -> Rendered:
    """Put a mail into words: in its language if we speak it, else in the one that we speak always."""
    message = Message(letter.message)
    lang = letter.lang if letter.lang in LANGUAGES else DEFAULT
    known: Environment = current_app.extensions["mail_sources"]
    with force_locale(lang):
        subject = messages.subject(message, letter.text("name", lang) or letter.slug)
        source = known.get_template(f"mail/{message}.md")
        body, small_print = markdown.parse(source.render(values(letter, lang)))
        page = current_app.jinja_env.get_template("mail/layout.html").render(
            lang=lang, subject=subject, tone=_tone(message),
            body=markdown.html(body), small_print=markdown.html(small_print),
        )  # fmt: skip
    text = markdown.plain(body) + "\n\n-- \n" + markdown.plain(small_print) + "\n"
    return Rendered(lang, subject, text, _INLINER.inline(page))


def _tone(message: Message) -> str:
    if message in GOOD_NEWS:
        return "ok"
    return "wait" if message in WAITING else "calm"


def sources(app: Flask) -> Environment:
    """Return where mails have their sources; whatever is inserted into one reads as it was typed."""
    made = Environment(
        loader=app.jinja_loader, finalize=markdown.as_typed, undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  Markdown, not HTML: as_typed keeps values from being markup
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    made.globals.update(_=gettext, ngettext=ngettext)
    made.filters["number"] = lambda value: format_decimal(value, locale=get_locale())
    return made
