"""Which language a request gets, and how templates speak it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request
from flask_babel import Babel, get_translations, refresh
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from regapp.speech import DEFAULT, LANGUAGES

_CHOSEN, _SPOKEN = "regapp.lang.chosen", "regapp.lang.spoken"
MOST_ASKED = 1000
"""Characters that are read of what a browser asks for; none asks for so many languages."""


def init_app(app: Flask) -> None:
    """Let pages speak the visitor's language, and links keep the one that was chosen."""
    Babel(app, locale_selector=current)
    app.url_defaults(_keep)
    app.jinja_env.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext)


def current() -> str:
    """Return the code of the language of this request: `?lang=`, else what the browser asks for."""
    if not has_request_context():
        return DEFAULT
    environ = request.environ
    if _SPOKEN not in environ:
        environ[_SPOKEN] = chosen() or _wanted(environ.get("HTTP_ACCEPT_LANGUAGE", "")[:MOST_ASKED])
    return str(environ[_SPOKEN])


def chosen() -> str | None:
    """Return the language in the address, None if there is none that we speak."""
    environ = request.environ
    if _CHOSEN not in environ:
        lang = request.args.get("lang") if environ.get("QUERY_STRING") else None
        environ[_CHOSEN] = lang if lang in LANGUAGES else None
    found: str | None = environ[_CHOSEN]
    return found


@lru_cache(256)
def _wanted(accepted: str) -> str:
    """Return the language that a browser likes best of ours; remembered, as most browsers say one of few things."""
    return parse_accept_header(accepted, LanguageAccept).best_match(LANGUAGES) or DEFAULT


def speak(lang: str) -> None:
    """Speak the language in which a person registered, unless the address asks for another one. Source: R17."""
    if chosen() is None and lang in LANGUAGES and lang != current():
        request.environ[_SPOKEN] = lang
        refresh()


def _keep(endpoint: str, values: dict[str, object]) -> None:
    if endpoint != "static" and has_request_context() and (lang := chosen()):
        values.setdefault("lang", lang)


# Flask-Babel finds the catalogue anew for every sentence, which took a third of the time of a page. These two do the
# same as its own in templates: the sentence is markup where templates escape, its values are escaped into it.
_catalogue: ContextVar[Any] = ContextVar("catalogue")


@contextmanager
def one_catalogue() -> Iterator[None]:
    """Find the catalogue once for all sentences of a page."""
    token = _catalogue.set(get_translations())
    try:
        yield
    finally:
        _catalogue.reset(token)


def _translations() -> Any:
    return _catalogue.get(None) or get_translations()


@pass_eval_context
def _gettext(context: EvalContext, sentence: str, /, **values: Any) -> str:
    return _fill(context, _translations().gettext(sentence), values)


@pass_eval_context
def _ngettext(context: EvalContext, one: str, many: str, number: int, /, **values: Any) -> str:
    return _fill(context, _translations().ngettext(one, many, number), {"num": number, **values})


def _fill(context: EvalContext, sentence: str, values: dict[str, Any]) -> str:
    text = Markup(sentence) if context.autoescape else sentence  # noqa: S704  from our templates and catalogues
    return text % values
