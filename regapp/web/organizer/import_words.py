"""Why a file cannot be read, and how one was read, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from regapp.errors import UnreadableFile
from regapp.web.filters import number

ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1250": "Windows-1250", "cp1252": "Windows-1252"}


def why(error: UnreadableFile) -> str:
    """Return the sentence that says what is wrong with a file and what to do."""
    values: dict[str, Any] = error.values
    return str(_sentence(values["why"], values))


def read_as(how: Mapping[str, str]) -> str:
    """Return how a file was read, so that a wrong guess is seen."""
    if "sheet" in how:
        return str(_("Read from the sheet “%(sheet)s”.", sheet=how["sheet"]))
    parted = {",": _("commas"), ";": _("semicolons"), "\t": _("tabs"), "|": _("vertical bars")}[how["delimiter"]]
    encoding = ENCODINGS.get(how["encoding"], how["encoding"])
    return str(_("Read as %(encoding)s, with columns parted by %(what)s.", encoding=encoding, what=parted))


def _sentence(reason: str, values: Mapping[str, Any]) -> str:
    match reason:
        case "empty":
            return _("This file is empty: choose one with a heading and at least one person")
        case "nobody":
            return _("This file has a heading and nobody below it")
        case "no_header":
            return _("The first line must name the columns, such as First name, Last name, E-mail; here it is a person")
        case "twice":
            return _("Two columns are called “%(name)s”: give each its own name", name=values["name"])
        case "too_many_rows":
            return _(
                "This file has rows down to number %(found)s; %(most)s people can be imported at a time",
                found=number(values["found"]),
                most=number(values["most"]),
            )
        case "too_many_columns":
            return _(
                "This file has %(found)s columns; %(most)s are the most that can be read",
                found=number(values["found"]),
                most=number(values["most"]),
            )
        case "broken_row":
            return _(
                "Row %(row)s cannot be read: a quotation mark is missing there, or the text is far too long",
                row=number(values["row"]),
            )
        case _:
            return _about_the_file(reason)


def _about_the_file(reason: str) -> str:
    match reason:
        case "not_text":
            return _("This is neither CSV nor XLSX: save the list as one of them and choose that file")
        case "wrong_encoding":
            return _("This file is written in another encoding than you chose: let it be found out")
        case "old_or_locked":
            return _("This workbook has a password or an old format: save it as XLSX without a password")
        case "broken_workbook":
            return _("This workbook is damaged or no workbook: save it again as XLSX, or as CSV")
        case _:
            return _("There is more in this file than a list of people: save the list alone as CSV or XLSX")
