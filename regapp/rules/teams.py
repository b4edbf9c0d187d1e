"""Who may leave a team: an event is never without an owner."""

from __future__ import annotations

from collections.abc import Mapping

from regapp.errors import LastOwner

OWNER = "owner"


def check_owner_stays(roles: Mapping[int, str], account_id: int, role: str | None) -> None:
    """Refuse a change that leaves nobody who owns the event. Raises: LastOwner.

    `roles`: account id → role, as they stand under the event's lock. `role`: the new one, None to leave.
    """
    after = {**roles, account_id: role}
    if OWNER in roles.values() and OWNER not in after.values():
        raise LastOwner
