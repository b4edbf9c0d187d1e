"""What every response tells browsers and caches."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, Response, current_app, request

from regapp.web.application import SaidToAll

SECURITY = {
    # Nothing inline, nothing from elsewhere. data: is for the icons that Pico draws in form controls.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}
"""Sent only where PUBLIC_URL says that pages are always reached over TLS."""
SHARED_FOR = timedelta(seconds=5)
"""How old a public page may be. A decision is never taken from a page, so it may lag a little."""


def init_app(app: Flask) -> None:
    """Add the headers to every response."""
    same = SECURITY | (OVER_TLS if app.config["PUBLIC_URL"].startswith("https://") else {})
    app.wsgi_app = SaidToAll(app.wsgi_app, same)  # type: ignore[method-assign]
    app.after_request(_add)


def shared(response: Response, *, now: datetime, edge: datetime | None) -> Response:
    """Let caches keep a public page until the clock changes it (`edge`), and answer 304 to who has it already."""
    age = SHARED_FOR if edge is None else min(SHARED_FOR, max(timedelta(), edge - now))
    response.headers["Cache-Control"] = f"public, max-age={int(age.total_seconds())}"
    response.add_etag()
    response.make_conditional(request)
    response.headers["Server-Timing"] = f'now;desc="{now.timestamp():.3f}"'  # what countdowns go by
    return response


def _add(response: Response) -> Response:
    headers = response.headers
    if response.mimetype == "text/html":
        headers.add("Vary", "Accept-Language")
    if request.path.startswith(("/r/", "/organizer")):
        headers["Cache-Control"] = "no-store"
        headers["X-Robots-Tag"] = "noindex"
    elif request.endpoint == "static":
        _keep_static(response)
    elif "Cache-Control" not in headers:
        headers["Cache-Control"] = "private, no-store"
    return response


def _keep_static(response: Response) -> None:
    """Keep for ever what has its version in its address; ask again for the rest."""
    versioned = "v" in request.args or request.path.startswith(f"{current_app.static_url_path}/vendor/")
    if response.status_code == 404 or current_app.debug or not versioned:
        response.headers["Cache-Control"] = "no-cache"
    else:
        response.cache_control.public = True
        response.cache_control.immutable = True
