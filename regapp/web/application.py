"""Flask's application and response without the steps that are for nobody here: they cost a third of an empty answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from flask import Flask, Response

Headers: TypeAlias = list[tuple[str, str]]


_READY = re.compile("[A-Za-z0-9/?=._-]*")
"""An address with nothing to quote."""


class PlainResponse(Response):
    """A response that is one piece of bytes, as nearly all are, goes out as it stands: there is nothing to work out."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer the server."""
        if environ["REQUEST_METHOD"] == "HEAD" or not self._is_ready():
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return self.response  # type: ignore[return-value]  # `_is_ready` has seen that it is bytes

    def _is_ready(self) -> bool:
        """Say whether length and address are known, and nothing is to be done afterwards."""
        whole = type(self.response) is list and "Content-Length" in self.headers and not self._on_close
        address = self.headers.get("Location", "")
        return whole and self.status_code in (200, 303) and _READY.fullmatch(address) is not None


class Application(Flask):
    """Flask for views that are all plain functions."""

    response_class = PlainResponse

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself. Flask looks at every one, at every call, whether it is a coroutine."""
        return func


class SaidToAll:
    """Adds the headers that are the same on every answer, once the answer is finished and none of them can change."""

    def __init__(self, app: Callable[..., Any], headers: dict[str, str]) -> None:
        self._app, self._headers = app, list(headers.items())

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer the server."""

        def start(status: str, headers: Headers, *error: Any) -> Any:
            return start_response(status, [*headers, *self._headers], *error)

        return self._app(environ, start)
