"""A station at work in a process of its own, to be ended in peace or killed: cards, forms, scans, cases, papers, sync.

Says on standard output what it has done, line by line. Arguments: the station's folder, who sits there, whose card lies
on the reader, a matter, how many cases. After the last it waits until all is with the server, says ``agreed`` and goes
on until standard input ends.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from app.cases import acts
from app.config import read_config
from app.demo import PASSWORD
from app.flow import finish, pages, printing, steps
from app.people.sign_in import sign_in
from app.start import closing_desk
from devices.scanner import ScanProfile
from tests.journeys.conftest import Window


def main(folder: str, username: str, card: str, matter: str, count: str) -> None:
    with closing_desk(read_config(Path(folder))) as desk:
        window = Window(desk, sign_in(desk, username, PASSWORD).clerk, Path(folder))
        desk.courier.start()
        for number in range(int(count)):
            steps.park(desk, window.begin(card, matter))
            say("parked")
            draft = window.begin(card, matter)
            slot = next(material for material in draft.materials if not material.present)
            for scanned in pages.scan_into(desk, draft, slot.code, ScanProfile(dpi=100)):
                draft = scanned
                say("page")
            draft = window.fill_materials(draft)
            taken = finish.take_in(desk, draft, window.clerk)
            say("case", taken.case.id)
            printing.print_papers(desk, taken.case.id, taken.papers, window.clerk)
            say("printed")
            acts.correct(desk, taken.case.id, window.clerk, "电话写错", phone=f"139{number:08}")
            say("corrected")
        while not window.agreed():
            time.sleep(0.05)
        say("agreed")
        sys.stdin.read()


def say(*words: str) -> None:
    print(*words, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
