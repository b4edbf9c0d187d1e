"""Mail: what is written into the outbox, how it is rendered, how it leaves."""

from __future__ import annotations

from flask import Flask

from regapp.mail.render import sources
from regapp.mail.transport import mail


def init_app(app: Flask) -> None:
    """Prepare rendering and sending for this application."""
    # Flask-Mail sends nothing while TESTING; our tests talk to real servers or write files.
    app.config["MAIL_SUPPRESS_SEND"] = False
    mail.init_app(app)
    app.extensions["mail_sources"] = sources(app)
