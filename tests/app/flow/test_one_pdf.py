"""What was handed in for a case as one PDF, through the command line, read back by poppler."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from app.cli import main
from app.flow import finish, pages
from contract.case import Case
from contract.wire import sha256
from tests.fakes.counter import ZHOU, open_counter


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case with pages, one of them hidden; its counter is closed again."""
    with open_counter(tmp_path) as counter:
        draft = counter.whole("haishu", "XK-00131-001")
        slot = next(one for one in draft.materials if one.pages)
        draft = pages.add_file(counter.desk, draft, slot.code, counter.page(), "image/jpeg")
        draft = pages.show_page(counter.desk, draft, slot.code, slot.pages[0].key, hidden=True)
        return finish.take_in(counter.desk, draft, ZHOU).case


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    code = main(["material", *words, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(err if code else out)


@pytest.mark.needs("pdfimages")
def test_all_that_is_not_hidden_in_one_file(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, folder = tmp_path / "all.pdf", str(tmp_path / "station")
    shown = [page for material in case.materials for page in material.pages if not page.hidden]
    assert said(capsys, case.number, "--folder", folder, "--out", str(out)) == (
        0,
        {"out": str(out), "pages": len(shown)},
    )
    subprocess.run(["pdfimages", "-all", out, tmp_path / "page"], check=True)
    assert [sha256(file.read_bytes()) for file in sorted(tmp_path.glob("page-*"))] == [page.digest for page in shown]
    one = next(material for material in case.materials if sum(not page.hidden for page in material.pages) == 1)
    code, answer = said(capsys, case.id, "--folder", folder, "--code", one.code, "--out", str(out))
    assert (code, answer["pages"]) == (0, 1)


def test_what_there_is_not(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = str(tmp_path / "station"), tmp_path / "all.pdf"
    for words, code in (
        (["nobody"], "case.unknown"),
        ([case.number, "--code", "nothing"], "material.unknown"),
        ([case.number, "--out", str(tmp_path / "nowhere" / "all.pdf")], "papers.cannot_write"),
    ):
        assert said(capsys, "--folder", folder, "--out", str(out), *words)[1]["code"] == code
    assert not out.exists() and not list(tmp_path.glob("*.part"))
