"""What browsers keep for us between two requests, in a signed cookie. Only forms need it."""

from __future__ import annotations

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer


class Cookies(SecureCookieSessionInterface):
    """Flask's own sessions. What signs them is made once, and who did not look at the session has nothing to save."""

    def __init__(self, app: Flask) -> None:
        self._signs = super().get_signing_serializer(app)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs cookies, made from the keys that the application started with."""
        return self._signs

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie if it has to change."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Give the application its sessions."""
    app.session_interface = Cookies(app)
