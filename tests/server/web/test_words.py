"""Chinese first, English second: every word of the pages has its English, in the compiled catalogue that is shipped."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from contract.case import Flag, Ground, Kind, State
from contract.material import MaterialForm, Source, Trust
from contract.matter import Delivery
from contract.person import Document, Role, Tie
from contract.rating import Level, Reason
from contract.report import Condition
from server.cases.signatures import Bond
from server.supervise.stations import Alarm
from server.web import acts, wording
from tests.server.desk import Desk

WEB = Path(wording.__file__).parent
CATALOGUE = WEB / "locale" / "en" / "LC_MESSAGES" / "django.mo"
IN_CODE = re.compile(r'\b(?:_|n?gettext)\(\s*"((?:[^"\\]|\\.)*)"')
IN_TEMPLATES = re.compile(r'{%\s*translate\s+"([^"]+)"')
WITH_NUMBER = re.compile(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}")


def said() -> set[str]:
    found: set[str] = set()
    for path in WEB.glob("*.py"):
        found.update(IN_CODE.findall(path.read_text(encoding="utf-8")))
    for path in WEB.glob("templates/**/*.html"):
        text = path.read_text(encoding="utf-8")
        found.update(IN_TEMPLATES.findall(text))
        found.update(re.sub(r"{{ (\w+) }}", r"%(\1)s", words) for words in WITH_NUMBER.findall(text))
    return found


def test_every_word_has_its_english() -> None:
    with CATALOGUE.open("rb") as file:
        english = gettext.GNUTranslations(file)
    words = said()
    assert len(words) > 250
    missing = [text for text in words if english.ngettext(text, text, 2) == text == english.gettext(text)]
    assert not missing


def test_templates_and_catalogue_have_no_chinese_outside_translation() -> None:
    for path in WEB.glob("templates/**/*.html"):
        text = path.read_text(encoding="utf-8")
        bare = re.sub(r"{% comment %}.*?{% endcomment %}", "", text)
        bare = IN_TEMPLATES.sub("", WITH_NUMBER.sub("", bare)).replace("中文", "").replace("：</span>", "")
        assert not re.search(r"[\u4e00-\u9fff]", bare), path.name


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (State, wording.STATES),
        (Kind, wording.KINDS),
        (Role, wording.ROLES),
        (Tie, wording.TIES),
        (Document, wording.DOCUMENTS),
        (Trust, wording.TRUSTS),
        (Source, wording.SOURCES),
        (MaterialForm, wording.MATERIAL_FORMS),
        (Delivery, wording.DELIVERIES),
        (Ground, wording.GROUNDS),
        (Bond, wording.BONDS),
        (Level, wording.LEVELS),
        (Reason, wording.REASONS),
        (Condition, wording.CONDITIONS),
        (Alarm, wording.ALARMS),
    ],
)
def test_everything_that_is_stored_has_a_name(kinds: type, words: dict[object, object]) -> None:
    assert set(words) == set(kinds)


def test_flags_are_marked_but_the_seal_which_no_page_sets() -> None:
    assert set(Flag) - set(wording.FLAGS) == {Flag.SEAL_PENDING}


def test_every_verb_is_an_officers(desk: Desk) -> None:
    from server.cases.services import OFFICERS_VERBS

    assert {verb.kind for verb in acts.VERBS} == set(OFFICERS_VERBS) - {Kind.SEAL}


def test_the_language_is_chosen_on_the_page_and_stays(signed_in: Callable[..., Client], desk: Desk) -> None:
    case_id = desk.take_in().id
    client = signed_in("haishu")
    answer = client.post("/language", {"language": "en", "next": f"/cases/{case_id}"})
    assert answer["Location"] == f"/cases/{case_id}"
    text = client.get(f"/cases/{case_id}").content.decode()
    assert '<html lang="en">' in text and "5 working days left" in text and "Card and face agree" in text
    assert "当事人" not in text and "期限" not in text
    assert client.post("/language", {"language": "en", "next": "https://elsewhere.example/"})["Location"] == "/"
