"""Who may use which page: every endpoint stands in this table."""

from __future__ import annotations

from flask import Flask

from regapp.web import access
from regapp.web.access import Access

EXPECTED = {
    "public.index": Access.PUBLIC,
    "public.event": Access.PUBLIC,
    "public.calendar_list": Access.PUBLIC,
    "public.contact": Access.PUBLIC,
    "public.event_privacy": Access.PUBLIC,
    "public.events_elsewhere": Access.PUBLIC,
    "public.imprint": Access.PUBLIC,
    "public.link_again": Access.PUBLIC,
    "public.privacy": Access.PUBLIC,
    "public.register": Access.PUBLIC,
    "public.series": Access.PUBLIC,
    "public.registration": Access.LINK,
    "public.change": Access.LINK,
    "public.cancel": Access.LINK,
    "public.announcements": Access.LINK,
    "public.calendar_file": Access.LINK,
    "public.change_category": Access.LINK,
    "public.change_email": Access.LINK,
    "public.erase": Access.LINK,
    "public.own_data": Access.LINK,
    "auth.account": Access.ACCOUNT,
    "auth.change_password": Access.ACCOUNT,
    "auth.codes": Access.ACCOUNT,
    "auth.codes_off": Access.ACCOUNT,
    "auth.forgotten": Access.PUBLIC,
    "auth.new_recovery_codes": Access.ACCOUNT,
    "auth.set_password": Access.PUBLIC,
    "auth.sign_in": Access.PUBLIC,
    "auth.sign_in_code": Access.PUBLIC,
    "auth.sign_out_everywhere": Access.ACCOUNT,
    "auth.sign_out": Access.ACCOUNT,
    "organizer.announcement": Access.VIEWER,
    "organizer.announcements": Access.VIEWER,
    "organizer.bulk": Access.DESK,
    "organizer.add_person": Access.MANAGER,
    "organizer.attendance": Access.VIEWER,
    "organizer.import_check": Access.MANAGER,
    "organizer.import_columns": Access.MANAGER,
    "organizer.import_file": Access.MANAGER,
    "organizer.index": Access.ACCOUNT,
    "organizer.new": Access.ACCOUNT,
    "organizer.series": Access.ACCOUNT,
    "organizer.copy": Access.MANAGER,
    "organizer.settings": Access.MANAGER,
    "organizer.texts": Access.MANAGER,
    "organizer.preview": Access.VIEWER,
    "organizer.publish": Access.MANAGER,
    "organizer.unpublish": Access.MANAGER,
    "organizer.call_off": Access.OWNER,
    "organizer.archive": Access.OWNER,
    "organizer.delete": Access.OWNER,
    "organizer.list_file": Access.VIEWER,
    "organizer.lists": Access.VIEWER,
    "organizer.overview": Access.VIEWER,
    "organizer.undo_announcement": Access.MANAGER,
    "organizer.write": Access.MANAGER,
    "organizer.people": Access.VIEWER,
    "organizer.save_view": Access.VIEWER,
    "organizer.forget_view": Access.VIEWER,
    "organizer.person": Access.VIEWER,
    "organizer.save_note": Access.DESK,
    "organizer.person_data": Access.MANAGER,
    "organizer.edit_person": Access.MANAGER,
    "organizer.move_person": Access.MANAGER,
    "organizer.cancel_person": Access.MANAGER,
    "organizer.resend_link": Access.MANAGER,
    "organizer.erase_person": Access.MANAGER,
    "organizer.team": Access.VIEWER,
    "organizer.notices": Access.VIEWER,
    "organizer.leave": Access.VIEWER,
    "organizer.invite": Access.OWNER,
    "organizer.change_member": Access.OWNER,
    "organizer.remove_member": Access.OWNER,
    "organizer.capacity": Access.VIEWER,
    "organizer.resize": Access.MANAGER,
    "organizer.categories": Access.VIEWER,
    "organizer.add_category": Access.MANAGER,
    "organizer.category": Access.MANAGER,
    "organizer.move_category": Access.MANAGER,
    "organizer.remove_category": Access.MANAGER,
    "organizer.history": Access.VIEWER,
    "organizer.mail": Access.VIEWER,
    "organizer.mail_again": Access.MANAGER,
    "organizer.mail_file": Access.MANAGER,
    "organizer.mails_again": Access.MANAGER,
    "system.healthz": Access.MACHINE,
    "system.readyz": Access.MACHINE,
    "system.figures": Access.MACHINE,
}
FLASKS_OWN = {"static"}
"""Files that anybody may have; the view is not ours."""


def test_every_page_states_who_may_use_it(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - FLASKS_OWN

    stated = {endpoint: access.of(app.view_functions[endpoint]) for endpoint in endpoints}

    assert stated == EXPECTED


def test_a_link_page_lets_in_nobody_without_the_link(app: Flask) -> None:
    client = app.test_client()

    for rule in app.url_map.iter_rules():
        if EXPECTED.get(rule.endpoint) is Access.LINK:
            path = rule.rule.replace("<token:token>", "7K4M2-QXTB9-aaaaaaaaaaaaaaaaaaaaaaaaaa")
            for method in (rule.methods or set()) & {"GET", "POST"}:
                assert client.open(path, method=method).status_code == 404, (method, path)
