"""From a row of the outbox to subject, text and HTML, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from babel.numbers import format_decimal
from css_inline import CSSInliner
from flask import Flask, current_app
from flask_babel import force_locale, get_locale, gettext, ngettext
from jinja2 import Environment, StrictUndefined
from markdown_it.token import Token

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


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts of a mail; `body` and `small_print` are HTML without a look of its own."""

    subject: str
    body: str
    small_print: str


def render(letter: Letter) -> Rendered:
    """Put a mail into words: in its language if we speak it, else in the one that we speak always."""
    message = Message(letter.message)
    lang = _lang(letter)
    with force_locale(lang):
        subject = _subject(letter, message, lang)
        body, small_print = _parts(letter, message, lang)
        page = current_app.jinja_env.get_template("mail/layout.html").render(
            lang=lang, subject=subject, tone=_tone(message),
            body=markdown.html(body), small_print=markdown.html(small_print),
        )  # fmt: skip
    text = markdown.plain(body) + "\n\n-- \n" + markdown.plain(small_print) + "\n"
    return Rendered(lang, subject, text, _INLINER.inline(page))


def show(letter: Letter) -> Shown:
    """Return the parts of a mail, for a page that shows it before it is sent."""
    message = Message(letter.message)
    lang = _lang(letter)
    with force_locale(lang):
        body, small_print = _parts(letter, message, lang)
        for token in body:
            if token.type in {"heading_open", "heading_close"}:
                token.tag = f"h{min(6, int(token.tag[1]) + 1)}"  # below the heading of the page
        return Shown(_subject(letter, message, lang), markdown.html(body), markdown.html(small_print))


def written_html(source: str) -> str:
    """Return what an organizer wrote as HTML, for a page."""
    return markdown.html(markdown.written(source))


def _lang(letter: Letter) -> str:
    return letter.lang if letter.lang in LANGUAGES else DEFAULT


def _parts(letter: Letter, message: Message, lang: str) -> tuple[list[Token], list[Token]]:
    known: Environment = current_app.extensions["mail_sources"]
    source = known.get_template(f"mail/{message}.md").render(values(letter, lang))
    body, small_print = markdown.parse(source)
    return body + (markdown.written(letter.written.body) if letter.written else []), small_print


def _subject(letter: Letter, message: Message, lang: str) -> str:
    if letter.written:
        subject = messages.one_line(letter.written.subject)
        is_test = letter.announced_body is None
        return gettext("Test: %(subject)s", subject=subject) if is_test else subject
    return messages.subject(message, letter.text("name", lang) or letter.slug)


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
