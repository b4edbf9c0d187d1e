"""What browsers keep for us between two requests, in a signed cookie. Only forms need it."""

from __future__ import annotations

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

from regapp.web.signing import Signing


class Cookies(SecureCookieSessionInterface):
    """Flask's own sessions. What signs them is made once, and who did not look at the session has nothing to save."""

    def __init__(self, app: Flask) -> None:
        self._signs = Signing(
            [*app.config["SECRET_KEY_FALLBACKS"], app.config["SECRET_KEY"]],  # the last one signs
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
        )

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs cookies, made from the keys that the application started with."""
        return self._signs

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie says; nothing is looked for where none was sent."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie if it has to change; else say only whether the answer depends on it."""
        if session.modified:
            super().save_session(app, session, response)
        elif session.accessed:
            before = response.headers.get("Vary")
            response.headers["Vary"] = f"{before}, Cookie" if before else "Cookie"


def init_app(app: Flask) -> None:
    """Give the application its sessions."""
    app.session_interface = Cookies(app)
