"""A page is a template, its values and a status."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template

from regapp.web import languages


def page(template: str, *, status: int = 200, **values: Any) -> Response:
    """Return the page in the language of this request."""
    return make_response(draw(template, **values), status)


def draw(template: str, **values: Any) -> str:
    """Return the HTML of a page in the language of this request."""
    with languages.one_catalogue():
        return render_template(template, lang=languages.current(), **values)
