"""HTTP: one blueprint per audience. Routes translate between requests and services, and decide nothing themselves."""

from __future__ import annotations

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from regapp.web import converters, cookies, errors, filters, headers, languages, limits, signing
from regapp.web.auth import bp as auth
from regapp.web.organizer import bp as organizer
from regapp.web.public import bp as public
from regapp.web.requests import ForgivingRequest
from regapp.web.system.routes import bp as system


def init_app(app: Flask) -> None:
    """Give the application its pages."""
    app.request_class = ForgivingRequest
    if proxies := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.jinja_env.undefined = StrictUndefined
    converters.init_app(app)
    languages.init_app(app)
    filters.init_app(app)
    headers.init_app(app)
    cookies.init_app(app)
    signing.init_app(app)
    errors.init_app(app)
    limits.init_app(app)
    app.register_blueprint(public)
    app.register_blueprint(auth)
    app.register_blueprint(organizer)
    app.register_blueprint(system)
