"""Organizers' accounts on the command line: the first one of an installation is made here."""

from __future__ import annotations

import sys
from datetime import timedelta

import click
from email_validator import EmailNotValidError, validate_email
from flask.cli import AppGroup

from regapp import links
from regapp.cli.naming import no_such_event
from regapp.clock import utcnow
from regapp.db import let_go, transaction
from regapp.errors import AlreadyMember, LastOwner, NotFound, WeakPassword
from regapp.models import Role
from regapp.rules.passwords import LONGEST, SHORTEST, check_password
from regapp.services import accounts, events, one_time_codes, passwords, teams
from regapp.services.accounts import INVITATION_LIFETIME, RESET_LIFETIME, Keys, Me

ACTOR = "operator"
NAME_LENGTH = 200
ROLES = click.Choice([role.value for role in Role])

organizer_cli = AppGroup("organizer", help="Accounts of organizers: make one, list them, let somebody in again.")


@organizer_cli.command("create")
@click.argument("email")
@click.option("--name", required=True, help="How the person is called.")
@click.option("--event", help="Give the person a role at this event, too.")
@click.option("--role", type=ROLES, default=Role.OWNER.value, show_default=True, help="Which one.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of the input.")
def create(email: str, *, name: str, event: str | None, role: str, password_stdin: bool) -> None:
    """Make an account for EMAIL; without --password-stdin a link is printed that sets the password.

    An account that is there keeps its name and password.
    """
    _check_person(email, name)
    event_id = None if event is None else _event_id(event)
    known = accounts.find_keys(email)
    stored = _hash_of_input(email, name) if password_stdin and not _has_password(known) else None
    with transaction():
        me = accounts.create(email, name.strip(), now=utcnow())
        if stored is not None:
            me = accounts.set_password(me, stored)
        if event_id is not None:
            _give_role(event_id, me, Role(role))
    click.echo(f"{me.email}: {'there already' if known else 'made'}" + (f", {role} of {event}" if event else ""))
    if stored is None:
        click.echo(_way_in(me, known))


@organizer_cli.command("list")
def list_accounts() -> None:
    """Show all accounts: address, name, whether they can sign in, and their events."""
    for keys in accounts.list_all():
        roles = ", ".join(f"{mine.event.slug} ({mine.role})" for mine in teams.list_events(keys.me.id))
        ways = ["password" if keys.password_hash else "no password yet", *(["codes"] if keys.uses_codes else [])]
        click.echo(f"{keys.me.email}  {keys.me.name}  [{', '.join(ways)}]  {roles or 'no event'}")


@organizer_cli.command("password")
@click.argument("email")
@click.option(
    "--codes-off", is_flag=True, help="Ask for the password alone, when telephone and recovery codes are lost."
)
def password(email: str, *, codes_off: bool) -> None:
    """Print a link that sets a new password for EMAIL: it works once, within one hour."""
    _check_address(email)
    me = accounts.find(email)
    if me is None:
        raise click.ClickException(f"there is no account “{email}”. See flask --app wsgi organizer list")
    if codes_off:
        with transaction():
            one_time_codes.switch_off(me.id)
        click.echo(f"{me.email} signs in with the password alone")
    click.echo(_link(me, RESET_LIFETIME, "one hour"))


def _check_person(email: str, name: str) -> None:
    _check_address(email)
    if not 0 < len(name.strip()) <= NAME_LENGTH or not name.isprintable():
        raise click.ClickException(f"--name takes 1 to {NAME_LENGTH} characters on one line")


def _check_address(email: str) -> None:
    try:
        validate_email(email.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise click.ClickException(f"“{email}” is no mail address, such as name@example.org") from None


def _event_id(slug: str) -> int:
    try:
        return events.get_id(slug)
    except NotFound:
        raise no_such_event(slug) from None


def _has_password(keys: Keys | None) -> bool:
    return keys is not None and keys.password_hash is not None


def _hash_of_input(email: str, name: str) -> str:
    typed = sys.stdin.readline().rstrip("\r\n")
    try:
        check_password(typed, email=email, name=name)
    except WeakPassword as error:
        why = {
            "short": f"it needs {SHORTEST} characters or more",
            "long": f"it may have {LONGEST} characters at most",
            "own": "it is the address or the name",
            "common": "it is among the first that others try",
        }[error.values["reason"]]
        raise click.ClickException(f"take another password: {why}") from None
    let_go()
    return passwords.make_hash(typed)


def _give_role(event_id: int, me: Me, role: Role) -> None:
    try:
        teams.join(event_id, me.id, role, actor=ACTOR, now=utcnow())
    except AlreadyMember:
        _change_role(event_id, me, role)


def _change_role(event_id: int, me: Me, role: Role) -> None:
    try:
        teams.change_role(event_id, me.id, role, actor=ACTOR, now=utcnow())
    except LastOwner:
        raise click.ClickException(f"{me.email} is the only owner: make somebody else an owner first") from None


def _way_in(me: Me, known: Keys | None) -> str:
    if _has_password(known):
        return "The password stays as it is; flask --app wsgi organizer password makes a link that sets another one."
    return _link(me, INVITATION_LIFETIME, "seven days")


def _link(me: Me, lifetime: timedelta, words: str) -> str:
    return f"Set the password here, once, within {words}:\n  {links.password_url(me.id, me.session_version, lifetime)}"
