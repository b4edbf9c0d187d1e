"""Mails by the names that organizers know them by."""

from __future__ import annotations

from flask_babel import gettext as _

from regapp.mail.messages import Message


def mail_name(message: str) -> str:
    """Return what a mail is called; of one that this version does not know, its own name."""
    names = {
        Message.CONFIRMED: _("You have a place"),
        Message.WAITLISTED: _("You are on the waiting list"),
        Message.PROMOTED: _("A place became free"),
        Message.CANCELLED: _("Cancelled"),
        Message.ALREADY_REGISTERED: _("You are registered already"),
        Message.LINK_AGAIN: _("The link again"),
        Message.CHANGED: _("Your details have been changed"),
        Message.EMAIL_CHANGED: _("Mails go to this address now"),
        Message.EMAIL_LEFT: _("Mails no longer go to this address"),
        Message.NOT_SERVED: _("No place became free"),
        Message.EVENT_CHANGED: _("The event was changed"),
        Message.EVENT_CANCELLED: _("The event was called off"),
        Message.ANNOUNCEMENT: _("A message from the organizers"),
        Message.CONTACT: _("A visitor’s message to the organizers"),
        Message.ERASED: _("Your data has been erased"),
        Message.TEAM_INVITED: _("To organizers: invited to the team"),
        Message.RESET: _("To organizers: a new password"),
        Message.NOTICE_FULL: _("To organizers: full"),
        Message.NOTICE_MAIL: _("To organizers: mails do not arrive"),
        Message.NOTICE_DIGEST: _("To organizers: what is new"),
    }
    known = {kind.value: name for kind, name in names.items()}
    return known.get(message, message.replace("_", " "))
