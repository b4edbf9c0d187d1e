"""Who organizes an event: everybody sees the team, owners change it, and everybody may leave it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import AlreadyMember, LastOwner
from regapp.mail.words import role_names
from regapp.models import Role
from regapp.services import teams
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.web import access, languages, limits
from regapp.web.forms import ConfirmForm
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.team_forms import InviteForm, NoticesForm, RoleForm
from regapp.web.pages import page


@bp.get("/events/<slug:slug>/team")
@access.member(Role.VIEWER)
def team(me: Me, event: EventFacts) -> ResponseReturnValue:
    """List the members with their roles."""
    return _team_page(me, event)


@bp.post("/events/<slug:slug>/team/invite")
@access.member(Role.OWNER)
def invite(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Take somebody into the team, and tell them by mail."""
    form = InviteForm()
    if not form.validate_on_submit():
        return _team_page(me, event, status=422, inviting=form)
    limits.check(limits.PER_EVENT, "invitations by", str(me.id))
    try:
        with transaction():
            teams.invite(event.id, form.invited(languages.current()), actor=me.actor, now=utcnow())
    except AlreadyMember:
        form.refuse_member()
        return _team_page(me, event, status=422, inviting=form)
    flash(_("%(name)s is in the team now, and gets a mail that says so.", name=form.name.data))
    return _back(event)


@bp.post("/events/<slug:slug>/team/<int:account>/role")
@access.member(Role.OWNER)
def change_member(me: Me, event: EventFacts, account: int) -> ResponseReturnValue:
    """Give a member another role."""
    member, form = teams.get_member(event.id, account), RoleForm()
    if not form.validate_on_submit():
        return _team_page(me, event, status=422, changing=form)
    try:
        with transaction():
            teams.change_role(event.id, member.id, Role(form.role.data), actor=me.actor, now=utcnow())
    except LastOwner:
        flash(_("An event needs an owner: make somebody else an owner first."), "warning")
        return _team_page(me, event, status=409)
    flash(_("%(name)s has another role now: %(role)s.", name=member.name, role=role_names()[form.role.data]))
    return _back(event)


@bp.route("/events/<slug:slug>/team/<int:account>/remove", methods=["GET", "POST"])
@access.member(Role.OWNER)
def remove_member(me: Me, event: EventFacts, account: int) -> ResponseReturnValue:
    """Ask once more, then take somebody out of the team."""
    member, form = teams.get_member(event.id, account), ConfirmForm()
    if not form.validate_on_submit():
        return _step("organizer/remove_member.html", me, event, form, member=member)
    try:
        with transaction():
            teams.remove(event.id, member.id, actor=me.actor, now=utcnow())
    except LastOwner:
        flash(_("An event needs an owner: make somebody else an owner first."), "warning")
        return _team_page(me, event, status=409)
    flash(_("%(name)s is no longer in the team.", name=member.name))
    return redirect(url_for("organizer.index"), code=303) if member.id == me.id else _back(event)


@bp.route("/events/<slug:slug>/team/leave", methods=["GET", "POST"])
@access.member(Role.VIEWER)
def leave(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Ask once more, then let somebody leave the team."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _step("organizer/leave.html", me, event, form)
    try:
        with transaction():
            teams.remove(event.id, me.id, actor=me.actor, now=utcnow())
    except LastOwner:
        flash(_("You are the only owner. Make somebody else an owner first, then you can leave."), "warning")
        return _team_page(me, event, status=409)
    flash(_("You have left the team of %(event)s.", event=event.text("name", languages.current()) or event.slug))
    return redirect(url_for("organizer.index"), code=303)


@bp.post("/events/<slug:slug>/team/notices")
@access.member(Role.VIEWER)
def notices(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Keep of what somebody wants to be told by mail."""
    form = NoticesForm()
    if not form.validate_on_submit():
        return _team_page(me, event, status=422, telling=form)
    with transaction():
        teams.choose_notices(event.id, me.id, form.notices())
    flash(_("Saved."))
    return _back(event)


def _team_page(me: Me, event: EventFacts, *, status: int = 200, **given: Any) -> Response:
    """Return the page of the team; `given`: the form that was sent, with what needs a look."""
    members = teams.list_members(event.id)
    mine = next(member for member in members if member.id == me.id)
    forms: dict[str, Any] = {
        "inviting": InviteForm(formdata=None, role=Role.VIEWER),
        "changing": RoleForm(formdata=None),
        "telling": NoticesForm(formdata=None, obj=mine.notices),
    }
    return page(
        "organizer/team.html", status=status, me=me, event=event, tab="organizer.team", members=members,
        role_names=role_names(), **forms | given,
    )  # fmt: skip


def _step(template: str, me: Me, event: EventFacts, form: ConfirmForm, **values: Any) -> Response:
    status = 422 if form.errors else 200
    return page(template, status=status, me=me, event=event, form=form, tab="organizer.team", **values)


def _back(event: EventFacts) -> ResponseReturnValue:
    return redirect(url_for("organizer.team", slug=event.slug), code=303)
