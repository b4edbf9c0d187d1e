"""Every setting, with its unit and default. The only place that reads the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent


class Config:
    """Settings taken from environment variables; pass a mapping to try others."""

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        # Where the embedded database, its secret and mail files live. Default: instance/ beside this file.
        self.INSTANCE_DIR = str(Path(env.get("INSTANCE_DIR", ROOT / "instance")).resolve())
        # Address and port of the embedded server.
        self.HOST = env.get("HOST", "127.0.0.1")
        self.PORT = _whole(env, "PORT", 8000)
        # Threads that answer requests in one process; also the size of its database pool.
        self.THREADS = _whole(env, "THREADS", 4)
        # What visitors type to reach us; links in mails start with it. No slash at the end.
        self.PUBLIC_URL = env.get("PUBLIC_URL", f"http://{self.HOST}:{self.PORT}").rstrip("/")

        # PostgreSQL: postgresql://user:password@host/name. Unset: SQLite in INSTANCE_DIR (the embedded default).
        self.DATABASE_URL = env.get("DATABASE_URL", "")
        self.EMBEDDED = not self.DATABASE_URL
        self.SQLALCHEMY_DATABASE_URI = _driver(self.DATABASE_URL) or f"sqlite:///{self.INSTANCE_DIR}/regapp.sqlite"
        # Seconds that a statement may take on PostgreSQL; that anybody waits for a lock, on SQLite for the one that is
        # needed to write; and after which PostgreSQL ends a transaction that does nothing.
        self.STATEMENT_TIMEOUT = _whole(env, "STATEMENT_TIMEOUT", 15)
        self.LOCK_TIMEOUT = _whole(env, "LOCK_TIMEOUT", 10)
        self.TRANSACTION_TIMEOUT = _whole(env, "TRANSACTION_TIMEOUT", 60)
        # Seconds to wait for a connection of the pool, and for PostgreSQL to take a new one; and after which one counts
        # as lost if PostgreSQL's machine does not confirm what it was sent.
        self.CONNECT_TIMEOUT = _whole(env, "CONNECT_TIMEOUT", 5)
        self.NETWORK_TIMEOUT = _whole(env, "NETWORK_TIMEOUT", 20)
        self.SQLALCHEMY_ENGINE_OPTIONS = self._engine_options()

        # The embedded server: connections held at once (who has asked for nothing longest makes room for a new one),
        # seconds after which it closes one on which nothing happens, and seconds to finish what is in hand when it is
        # told to end. Whoever stops a service commonly kills it after ten.
        self.CONNECTIONS = _whole(env, "CONNECTIONS", 900)
        self.IDLE_TIMEOUT = _whole(env, "IDLE_TIMEOUT", 30)
        self.STOP_TIMEOUT = _whole(env, "STOP_TIMEOUT", 8)

        # Whether the embedded server sends mails itself. Default: on with SQLite, off with DATABASE_URL, where workers
        # are processes of their own.
        self.WORKER = _flag(env.get("WORKER", "on" if self.EMBEDDED else "off"))

        # Signs links, forms and cookies; at least 32 characters. The embedded default makes and keeps its own.
        self.SECRET_KEY = env.get("SECRET_KEY", "")
        # Earlier keys, separated by commas: links that they signed stay valid. A form that lies open while the key
        # changes comes back as typed, to be sent once more.
        self.SECRET_KEY_FALLBACKS = [key for key in env.get("SECRET_KEY_FALLBACKS", "").split(",") if key]

        # SMTP. Without MAIL_SERVER each mail becomes an .eml file in INSTANCE_DIR/mail.
        self.MAIL_SERVER = env.get("MAIL_SERVER", "")
        self.MAIL_PORT = _whole(env, "MAIL_PORT", 25)
        self.MAIL_USERNAME = env.get("MAIL_USERNAME") or None
        self.MAIL_PASSWORD = env.get("MAIL_PASSWORD") or None
        self.MAIL_USE_TLS = _flag(env.get("MAIL_USE_TLS", ""))
        self.MAIL_DEFAULT_SENDER = env.get("MAIL_DEFAULT_SENDER", "regapp <no-reply@localhost>")
        # Where answers to our mails go, such as the organizers' mailbox. Unset: pages send nobody to answer a mail.
        self.MAIL_REPLY_TO = env.get("MAIL_REPLY_TO", "")
        # Seconds that any step of talking to the mail server may take.
        self.MAIL_TIMEOUT = float(env.get("MAIL_TIMEOUT", "20"))
        # Seconds after claiming a batch of mails in which the next of them may still be begun. What a worker claimed
        # and left behind is taken over after these and 14 times MAIL_TIMEOUT.
        self.MAIL_BATCH_SECONDS = float(env.get("MAIL_BATCH_SECONDS", "90"))

        # Reverse proxies in front of us, each of which sets X-Forwarded-For and -Proto. 0: nobody is believed.
        self.TRUSTED_PROXIES = _whole(env, "TRUSTED_PROXIES", 0)
        # Where several processes count together how often something was asked for: redis://host:6379/0. Unset, or
        # while it is away, each process counts by itself.
        self.REDIS_URL = env.get("REDIS_URL", "")
        # Seconds that Redis may take to connect or to answer before it counts as away.
        self.REDIS_TIMEOUT = float(env.get("REDIS_TIMEOUT", "0.25"))

        # Opens /metrics to others than this machine itself (Authorization: Bearer …).
        self.METRICS_TOKEN = env.get("METRICS_TOKEN", "")
        # Empty folder, made anew at each start, through which several processes share their figures. prometheus-client
        # reads the same variable.
        self.METRICS_DIR = env.get("PROMETHEUS_MULTIPROC_DIR", "")
        # The program that backs PostgreSQL up; as new as the server, or newer.
        self.PG_DUMP = env.get("PG_DUMP", "pg_dump")

        # Seconds that a form may lie open before it must be sent once more.
        self.WTF_CSRF_TIME_LIMIT = 4 * 60 * 60
        self.SESSION_COOKIE_SECURE = self.PUBLIC_URL.startswith("https://")
        self.SESSION_COOKIE_HTTPONLY = True
        self.SESSION_COOKIE_SAMESITE = "Lax"
        # How long organizers stay signed in without doing anything.
        self.PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
        # Public pages are shared by caches: they must not carry anybody's cookie. `web.sessions` renews it.
        self.SESSION_REFRESH_EACH_REQUEST = False
        # Bytes of a request; forms are far smaller.
        self.MAX_CONTENT_LENGTH = 256 * 1024
        # Browsers keep static files this long; their addresses carry a version.
        self.SEND_FILE_MAX_AGE_DEFAULT = timedelta(days=365)

        self.BABEL_DEFAULT_LOCALE = "en"
        self.BABEL_DEFAULT_TIMEZONE = "UTC"
        self.TESTING = False

    def _engine_options(self) -> dict[str, Any]:
        shared = {
            "hide_parameters": True,  # errors name the statement, never what somebody typed
            "pool_timeout": self.CONNECT_TIMEOUT,
        }
        if self.SQLALCHEMY_DATABASE_URI.startswith("sqlite"):
            connect = {"timeout": self.LOCK_TIMEOUT}
            return {**shared, "pool_size": self.THREADS, "max_overflow": 2, "connect_args": connect}
        limits = {
            "statement_timeout": f"{self.STATEMENT_TIMEOUT}s",
            "lock_timeout": f"{self.LOCK_TIMEOUT}s",
            "idle_in_transaction_session_timeout": f"{self.TRANSACTION_TIMEOUT}s",
            "random_page_cost": "1.1",  # what is asked for lies in memory or on an SSD: indexes are worth it
        }
        return {
            **shared,
            # Reading statements stand for themselves: no BEGIN, no ROLLBACK, two round trips less. See
            # db.transaction().
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "pool_size": self.THREADS + 1,  # one a thread, one for a worker beside them
            "max_overflow": 0,
            "connect_args": {
                "connect_timeout": self.CONNECT_TIMEOUT,
                "tcp_user_timeout": self.NETWORK_TIMEOUT * 1000,  # milliseconds; keepalives are on as shipped
                "keepalives_idle": self.NETWORK_TIMEOUT,
                "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
            },
        }


class TestConfig(Config):
    """Settings for tests: nothing from the environment, everything in one folder."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    def __init__(self, instance_dir: Path, **env: str) -> None:
        super().__init__({"INSTANCE_DIR": str(instance_dir), "SECRET_KEY": "test-" * 8, **env})
        self.TESTING = True


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        sys.exit(f"{name} is “{value}”: it must be a whole number.")
    return int(value)


def _flag(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "on"}


def _driver(url: str) -> str:
    """Name the driver that we ship, whichever way the address was written."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
