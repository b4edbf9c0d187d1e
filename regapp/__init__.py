"""regapp: event registration and capacity management."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate

from config import Config
from regapp import cli, logs, mail, web
from regapp.db import db, prepare_engine
from regapp.errors import ConfigError
from regapp.web.application import Application

migrate = Migrate(render_as_batch=True, compare_type=True)


def create_app(config: Config | None = None) -> Flask:
    """Build the application: configuration, extensions, blueprints, commands.

    Raises: ConfigError, naming the setting that is missing.
    """
    app = Application(__name__, template_folder="../templates")
    app.config.from_object(config or Config())
    if app.config["EMBEDDED"]:
        Path(app.config["INSTANCE_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _secret_key(app)
    logs.init_app(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(__file__).parent.parent / "migrations"))
    with app.app_context():
        prepare_engine(app, db.engine)
    mail.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    return app


def _secret_key(app: Flask) -> str:
    """Return the secret that the embedded default makes on its first start and keeps."""
    if not app.config["EMBEDDED"]:
        raise ConfigError("SECRET_KEY is not set: with DATABASE_URL set, every process needs the same secret.")
    path = Path(app.config["INSTANCE_DIR"]) / "secret_key"
    if not path.exists():
        fresh = path.with_name(f"secret_key.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), encoding="ascii")
        with suppress(FileExistsError):  # another process was first: its secret counts
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text(encoding="ascii")
