"""Who may use a page. Every view states it with one of these decorators; tests/web/test_access.py reads it back."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial, wraps
from typing import Any

from flask.typing import ResponseReturnValue

from regapp import links
from regapp.clock import utcnow
from regapp.errors import NotFound
from regapp.services import recent
from regapp.services.own import Own, get_own
from regapp.web import languages

View = Callable[..., ResponseReturnValue]


class Access(StrEnum):
    """Who may use a view."""

    PUBLIC = "public"
    LINK = "link"
    MACHINE = "machine"


def public(view: View) -> View:
    """Let everybody in."""
    return _mark(view, Access.PUBLIC)


def machine(view: View) -> View:
    """Let machines that watch over us in: the view itself checks what may not be seen by all."""
    return _mark(view, Access.MACHINE)


def link(view: Callable[..., ResponseReturnValue]) -> View:
    """Let in who holds a registration's own link; the view gets `own` instead of `token`.

    A wrong link raises NotFound, whether or not there is such a registration.
    """

    @wraps(view)
    def checked(token: str, **values: Any) -> ResponseReturnValue:
        own = _own_by(token)
        languages.speak(own.lang)
        return view(own=own, **values)

    return _mark(checked, Access.LINK)


def of(view: View) -> Access | None:
    """Return who may use this view, None if it does not say."""
    return getattr(view, "access", None)


def _own_by(token: str) -> Own:
    code, mac = links.split(token)
    own = get_own(code, read_event=partial(recent.get, now=utcnow(), seats_may_lag=True))
    if not links.is_genuine(mac, code, own.link_version):
        raise NotFound
    return own


def _mark(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view
