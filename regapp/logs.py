"""What is said to operators: JSON lines on stderr, without personal data.

A line names endpoints, never paths (a path may hold a link that opens a registration), and carries no address, name
or IP. Errors come with their frames; their message is left out unless its kind never repeats what somebody typed.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import traceback
from collections.abc import Iterator
from time import perf_counter

import structlog
from flask import Flask, Response, g, has_request_context, request
from jinja2 import TemplateError
from sqlalchemy.exc import DBAPIError
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from regapp.clock import utcnow
from regapp.errors import ConfigError

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SPEAKING = (TypeError, AttributeError, NameError, ImportError, RecursionError, TemplateError, ConfigError)
"""Errors about the program itself: their messages name its parts, not what a visitor typed."""
_HANDLER = "regapp"


class _Stderr:
    """Write finished lines to stderr, whatever stderr is at that moment."""

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = exception = msg


def init_app(app: Flask) -> None:
    """Log every request, and let the logs of all libraries take the same shape."""
    _configure()
    app.logger.addFilter(_without_path)
    app.before_request(_begin)
    app.after_request(_end)


def seconds_since_start() -> float:
    """Return how long the present request has taken."""
    now = perf_counter()
    return now - float(g.get("began", now))


def known_method() -> str:
    """Return the request's method, or "other": anybody can invent methods."""
    method = request.method
    return method if method in METHODS else "other"


def _begin() -> None:
    g.began = perf_counter()
    g.request_id = secrets.token_hex(8)


def _end(response: Response) -> Response:
    """Write the line of a request, as `_configure` would: this one is written for everybody, so it takes no detours."""
    line = {
        "method": known_method(),
        "endpoint": request.endpoint,
        "status": response.status_code,
        "ms": round(seconds_since_start() * 1000, 2),
        "event": "request",
        "request_id": g.get("request_id"),
        "level": "error" if response.status_code >= 500 else "info",
        "timestamp": utcnow().isoformat().replace("+00:00", "Z"),
    }
    sys.stderr.write(json.dumps(line) + "\n")
    return response


def _configure() -> None:
    shared: list[Processor] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_describe),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=lambda *_: _Stderr(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    _route_standard_logging(shared)


def _route_standard_logging(shared: list[Processor]) -> None:
    """Give the lines of the standard library's loggers the same shape, once per process."""
    root = logging.getLogger()
    if any(handler.get_name() == _HANDLER for handler in root.handlers):
        return
    handler = _StderrHandler()
    handler.set_name(_HANDLER)
    finish: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[*finish, structlog.processors.JSONRenderer()]
        )
    )
    root.addHandler(handler)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its lines name paths and addresses


class _StderrHandler(logging.Handler):
    """The same target as `_Stderr`, for the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # as every handler of the standard library does
            self.handleError(record)


def _without_path(record: logging.LogRecord) -> bool:
    """Replace Flask's own words for an unhandled error, which name the path."""
    if str(record.msg).startswith("Exception on "):
        record.msg, record.args = "unhandled error", ()
    return True


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if has_request_context() and "request_id" in g:
        event["request_id"] = g.request_id
    return event


def _describe(exc_info: ExcInfo) -> str:
    """Return the frames of an error and of those that led to it, newest first."""
    return "\n".join(_describe_one(error) for error in _chain(exc_info[1]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _describe_one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__module__}.{type(error).__qualname__}: {_message(error)}\n{frames}"


def _message(error: BaseException) -> str:
    """Return as much of an error's message as cannot hold what a person typed."""
    if isinstance(error, DBAPIError):
        return f"{getattr(error.orig, 'sqlstate', None)} in {error.statement}"  # placeholders, no values
    return str(error) if isinstance(error, SPEAKING) else "(message left out)"
