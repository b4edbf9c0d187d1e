"""From what went wrong to a page that says so and what to do next."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, ServiceUnavailable, TooManyRequests

from regapp.errors import NotFound, RuleViolation
from regapp.services.accounts import Me
from regapp.web import sessions
from regapp.web.pages import page

PAGES = frozenset({403, 404, 405, 413, 429, 500, 503})
"""Statuses with a page of their own; the rest share errors/400.html."""
SENT_AGAIN = frozenset({429, 503})
"""Statuses after which the same form may be sent again, so it is offered with all its words."""
SECRETS = frozenset({"password", "new_password", "code"})
"""Fields that no page repeats."""
RETRY_AFTER = 5
"""Seconds after which a database that was away is worth another try."""


def init_app(app: Flask) -> None:
    """Answer errors with pages."""
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(RuleViolation, _refused)
    app.register_error_handler(HTTPException, _http_error)
    for error in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(error, _database_away)


def _not_found(_error: NotFound) -> Response:
    return _page("errors/404.html", status=404)


def _refused(error: RuleViolation) -> Response:
    return _page("errors/409.html", status=409, code=error.code)


def _database_away(error: Exception) -> Response:
    """Answer that nothing was lost. Sending the same form again is safe (R9), so it is offered with all its words."""
    current_app.logger.error("database away", exc_info=error)
    return _http_error(ServiceUnavailable(retry_after=RETRY_AFTER))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    response = _page(
        _template(status),
        status=status,
        typed=typed() if status in SENT_AGAIN else [],
        minutes=_minutes(error) if status == 429 else None,
    )
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)
    if isinstance(error, ServiceUnavailable | TooManyRequests) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _page(template: str, *, status: int, **values: Any) -> Response:
    """Return the page of an error: inside the workspace if it happened there to somebody who has signed in."""
    me = _me() if status < 500 else None
    return page(template, status=status, me=me, own=request.path.startswith("/r/"), **values)


def _me() -> Me | None:
    if not request.path.startswith("/organizer"):
        return None  # public pages must not look at anybody's cookie
    try:
        return sessions.find()
    except SQLAlchemyError:
        return None


def _minutes(error: HTTPException) -> int | None:
    """Return after how many minutes it is worth another try, if that is known."""
    seconds = getattr(error, "retry_after", None)
    return -(-seconds // 60) if isinstance(seconds, int) else None


def _template(status: int) -> str:
    return f"errors/{status if status in PAGES else 400}.html"


def typed() -> list[tuple[str, str]]:
    """Return the fields of the form that could not be answered, in their order; none that is secret."""
    if request.method != "POST":
        return []
    try:
        return [(name, value) for name, value in request.form.items(multi=True) if name not in SECRETS]
    except HTTPException:  # larger than we read
        return []
