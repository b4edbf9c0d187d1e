"""What the product is for, shown from outside: only HTTP, the fixed points, the commands and the folder of mails."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.browser.serving import own_link, run, serving
from tests.http_visitor import Answer, Visitor
from tests.web.visitor import read

PLACES = 250
VISITORS = 260
AT_ONCE = 8
EVENT = "european-cluster-conference"


def test_260_visitors_for_250_places_end_with_a_list_that_is_right(tmp_path: Path) -> None:
    settings = {"INSTANCE_DIR": str(tmp_path / "instance")}
    run(settings, "db", "upgrade")
    run(settings, "demo", "load")

    with serving(settings) as server:
        visitors = [Visitor(number, server.url) for number in range(VISITORS)]
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            answers = list(crowd.map(lambda visitor: visitor.register(EVENT), visitors))

        # 250 confirmed, 10 waiting, each at a position of their own.
        mains = [read(answer).main for answer in answers]
        assert Counter(main["data-state"] for main in mains) == {"confirmed": PLACES, "waitlisted": VISITORS - PLACES}
        positions = {main["data-position"]: number for number, main in enumerate(mains) if main["data-position"]}
        assert sorted(map(int, positions)) == list(range(1, VISITORS - PLACES + 1))
        assert len({main["data-code"] for main in mains}) == VISITORS

        # One leaves; the first in line has the place, the others move up.
        leaving = next(number for number, main in enumerate(mains) if main["data-state"] == "confirmed")
        left = visitors[leaving].send(f"{answers[leaving].url}/cancel", {})
        assert read(left).main["data-state"] == "cancelled"
        first, second = positions["1"], positions["2"]
        assert standing(visitors[first], answers[first]) == ("confirmed", "")
        assert standing(visitors[second], answers[second]) == ("waitlisted", "1")

        # The mail that says so leads to their own page.
        assert own_link(server, "promoted", visitors[first].address) == answers[first].url

        # The list to take away holds those who have a place, and the books are right.
        exported = run(settings, "export", EVENT)
        assert exported.startswith(codecs.BOM_UTF8)
        rows = list(csv.reader(io.StringIO(exported.decode("utf-8-sig"))))
        assert len(rows) == 1 + PLACES
        listed = {cell for row in rows for cell in row}
        assert visitors[first].address in listed
        assert not {visitors[leaving].address, visitors[second].address} & listed
        run(settings, "seats", "verify")


def standing(visitor: Visitor, answer: Answer) -> tuple[str, str]:
    """Return state and position as one's own page says them now."""
    main = visitor.page(answer.url).main
    return main["data-state"], main["data-position"]
