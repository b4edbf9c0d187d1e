"""regapp: event registration and capacity management."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate

from config import Config
from regapp import cli, mail, web
from regapp.db import db, prepare_engine
from regapp.errors import ConfigError

migrate = Migrate(render_as_batch=True, compare_type=True)


def create_app(config: Config | None = None) -> Flask:
    """Build the application: configuration, extensions, blueprints, commands.

    Raises: ConfigError, naming the setting that is missing.
    """
    app = Flask(__name__, template_folder="../templates")
    app.config.from_object(config or Config())
    app.config["SECRET_KEY"] = _secret_key(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(__file__).parent.parent / "migrations"))
    with app.app_context():
        prepare_engine(db.engine)
    mail.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    return app


def _secret_key(app: Flask) -> str:
    """Return the configured secret; the embedded default makes one on the first start and keeps it."""
    if app.config["SECRET_KEY"]:
        return str(app.config["SECRET_KEY"])
    if not app.config["EMBEDDED"]:
        raise ConfigError("SECRET_KEY is not set: with DATABASE_URL set, every process needs the same secret.")
    path = Path(app.config["INSTANCE_DIR"]) / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")
