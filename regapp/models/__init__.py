"""What is stored. One module per subject; importing this package makes all tables known."""

from regapp.models.account import Account, Membership, Role
from regapp.models.event import Event, EventStatus, Quota, QuotaKind, RobotCheck
from regapp.models.history import History
from regapp.models.outbox import Heartbeat, OutboxMail
from regapp.models.registration import Consent, Party, Registration

__all__ = [
    "Account",
    "Consent",
    "Event",
    "EventStatus",
    "Heartbeat",
    "History",
    "Membership",
    "OutboxMail",
    "Party",
    "Quota",
    "QuotaKind",
    "Registration",
    "RobotCheck",
    "Role",
]
