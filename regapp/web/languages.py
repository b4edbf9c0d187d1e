"""The languages that pages speak, and which one this request gets. A language is one entry here and one catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, has_request_context, request
from flask_babel import Babel, refresh


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is called in itself, and how it writes dates (patterns of Unicode TR 35)."""

    name: str
    day: str = "EEEE d MMMM y"
    day_of_year: str = "EEEE d MMMM"
    day_of_month: str = "EEEE d"
    short_day: str = "d MMMM y"


LANGUAGES = {"en": Language("English")}
"""Code → language; the first one is spoken when nothing else is asked for."""
DEFAULT = next(iter(LANGUAGES))
_SPOKEN = "regapp.lang"


def init_app(app: Flask) -> None:
    """Let pages speak the visitor's language, and links keep the one that was chosen."""
    Babel(app, locale_selector=current)
    app.url_defaults(_keep)


def current() -> str:
    """Return the code of the language of this request: `?lang=`, else what the browser asks for."""
    if not has_request_context():
        return DEFAULT
    if _SPOKEN not in request.environ:
        request.environ[_SPOKEN] = chosen() or request.accept_languages.best_match(LANGUAGES) or DEFAULT
    return str(request.environ[_SPOKEN])


def chosen() -> str | None:
    """Return the language in the address, None if there is none that we speak."""
    lang = request.args.get("lang")
    return lang if lang in LANGUAGES else None


def speak(lang: str) -> None:
    """Speak the language in which a person registered, unless the address asks for another one. Source: R17."""
    if chosen() is None and lang in LANGUAGES:
        request.environ[_SPOKEN] = lang
        refresh()


def _keep(endpoint: str, values: dict[str, object]) -> None:
    if endpoint != "static" and has_request_context() and (lang := chosen()):
        values.setdefault("lang", lang)
