"""Flask's application and response without the steps that are for nobody here: they cost a third of an empty answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from flask import Flask, Response

Headers: TypeAlias = list[tuple[str, str]]


class PlainResponse(Response):
    """A response that is one piece of bytes with a known length goes out as it stands: there is nothing to work out."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer the server."""
        body = self.response
        if self.status_code != 200 or environ["REQUEST_METHOD"] == "HEAD" or type(body) is not list or self._on_close:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return body


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
