"""From a row of the outbox to subject, text and HTML, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.numbers import format_decimal
from css_inline import CSSInliner
from flask import Flask, current_app
from flask_babel import force_locale
from jinja2 import Environment, StrictUndefined, Template

from regapp import links, times
from regapp.mail import markdown, messages
from regapp.mail.messages import Message
from regapp.models.event import text_in

FALLBACK = "en"
"""The language in which every mail exists."""
TONES = {Message.WAITLISTED: "wait", Message.CANCELLED: "calm", Message.ALREADY_REGISTERED: "calm"}
"""Message → its colours, as on the pages; the others bring good news."""

_INLINER = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed row of the outbox with all that its mail says. Nothing more is read while it is sent.

    Units: `size` in places of the event as it stands now, None is unlimited.
    """

    id: int
    message: str
    lang: str
    to_address: str | None
    to_name: str | None
    facts: dict[str, Any]
    created_at: datetime
    attempts: int
    lease_until: datetime
    registered_at: datetime | None
    slug: str
    tz: str
    starts_at: datetime
    ends_at: datetime
    texts: dict[str, dict[str, Any]]
    size: int | None

    def text(self, key: str, lang: str) -> str:
        """Return a text of the event in this language, else in English, else in any; empty if there is none."""
        return text_in(self.texts, key, lang)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one reads: the subject, and the same words as plain text and as HTML."""

    lang: str
    subject: str
    text: str
    html: str


def render(letter: Letter) -> Rendered:
    """Put a mail into words: in its language if there is a source, else in English."""
    message = Message(letter.message)
    source = _source(message, letter.lang)
    lang = str(source.name).rsplit(".", 2)[1]
    with force_locale(lang):
        subject = messages.subject(message, letter.text("name", lang) or letter.slug)
        body, small_print = markdown.parse(source.render(_values(letter, lang)))
    text = markdown.plain(body) + "\n\n-- \n" + markdown.plain(small_print) + "\n"
    page = current_app.jinja_env.get_template("mail/layout.html").render(
        lang=lang, subject=subject, tone=TONES.get(message, "ok"),
        body=markdown.html(body), small_print=markdown.html(small_print),
    )  # fmt: skip
    return Rendered(lang, subject, text, _INLINER.inline(page))


def sources(app: Flask) -> Environment:
    """Return where mails have their sources; whatever is inserted into one reads as it was typed."""
    return Environment(
        loader=app.jinja_loader, finalize=markdown.as_typed, undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  Markdown, not HTML: as_typed keeps values from being markup
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def _source(message: Message, lang: str) -> Template:
    known: Environment = current_app.extensions["mail_sources"]
    return known.select_template([f"mail/{message}.{lang}.md", f"mail/{message}.{FALLBACK}.md"])


def _values(letter: Letter, lang: str) -> dict[str, Any]:
    """Return what the sources may name. Facts that a change did not give are empty."""
    facts, tz = letter.facts, letter.tz
    position = facts.get("position")
    return {
        "name": letter.to_name,
        "event": letter.text("name", lang) or letter.slug,
        "when": times.span(letter.starts_at, letter.ends_at, tz, lang),
        "where": ", ".join(part for key in ("venue", "address") if (part := letter.text(key, lang))),
        "organiser": letter.text("organiser", lang),
        "code": facts["code"],
        "link": links.own_url(facts["code"], facts["link_version"]),
        "position": None if position is None else format_decimal(position, locale=lang),
        "interest": letter.size == 0,
        "before": facts.get("before"),
        "registered_on": letter.registered_at and times.day(letter.registered_at, tz, lang),
    }
