"""Who may use a page. Every view states it with one of these decorators; tests/web/test_access.py reads it back."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial, wraps
from typing import Any

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from regapp import links
from regapp.clock import utcnow
from regapp.errors import NotFound
from regapp.models import Role
from regapp.services import recent, teams
from regapp.services.own import Own, get_own
from regapp.web import languages, sessions
from regapp.web.errors import typed
from regapp.web.pages import page

View = Callable[..., ResponseReturnValue]


class Access(StrEnum):
    """Who may use a view: everybody, a link's holder, machines, whoever signed in, or members of an event by role."""

    PUBLIC = "public"
    LINK = "link"
    MACHINE = "machine"
    ACCOUNT = "account"
    VIEWER = "viewer"
    DESK = "desk"
    MANAGER = "manager"
    OWNER = "owner"


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


def account(view: View) -> View:
    """Let in who has signed in; the view gets `me`. Others are asked to sign in first."""

    @wraps(view)
    def checked(**values: Any) -> ResponseReturnValue:
        me = sessions.find()
        return _ask_to_sign_in() if me is None else view(me=me, **values)

    return _mark(checked, Access.ACCOUNT)


def member(least: Role) -> Callable[[View], View]:
    """Let in who has at least this role at the event; the view gets `me` and `event` instead of `slug`.

    An event at which one has no role is not found, whether or not there is such an event. Raises: Forbidden.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def checked(slug: str, **values: Any) -> ResponseReturnValue:
            me = sessions.find()
            if me is None:
                return _ask_to_sign_in()
            event, role = teams.get_event(me.id, slug)
            if not role.includes(least):
                raise Forbidden
            g.role = role
            return view(me=me, event=event, **values)

        return _mark(checked, Access(least.value))

    return mark


def of(view: View) -> Access | None:
    """Return who may use this view, None if it does not say."""
    return getattr(view, "access", None)


UNTYPED = frozenset({"csrf_token", "seen", "agreed", "seal", "submission"})
"""Fields that nobody fills in."""


def _ask_to_sign_in() -> ResponseReturnValue:
    """Lead to the sign-in page, and from there back to a page that was only to be read.

    What somebody has typed comes back to them, to be sent again after that; a file must be chosen anew.
    """
    kept = typed()
    if not request.files and any(value for name, value in kept if name not in UNTYPED):
        return page("errors/signed_out.html", status=403, me=None, typed=kept)
    back = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else None
    return redirect(url_for("auth.sign_in", next=back), code=303)


def _own_by(token: str) -> Own:
    code, mac = links.split(token)
    own = get_own(code, read_event=partial(recent.get, now=utcnow(), seats_may_lag=True))
    if not links.is_genuine(mac, code, own.link_version):
        raise NotFound
    return own


def _mark(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view
