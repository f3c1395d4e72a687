"""A headless Chromium that is driven by its keyboard, and a village that sends a case to a real server."""

from __future__ import annotations

import http.client
import io
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas
from selenium.webdriver import Chrome, ChromeOptions, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from contract.case import Author, Kind, Opened, PersonConfirmed, Received
from contract.ids import uuid7
from contract.material import CaseMaterial, Page, Seen, Source, Trust
from contract.node import Route
from contract.person import Identity, Parties, Person, Role
from contract.wire import sha256
from tests.conftest import find_program
from tests.fakes.serving import DEMO
from tests.server.desk import ID_NUMBER, Desk, Sent

VILLAGE_CODE = "DEMO-YONGFENG-1"
CLERK = Author(id="xuaizhen", name="许爱珍", role=Role.CLERK, node="330281001201")
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--lang=zh-CN",
)


class Browser:
    """One window. Everything but looking goes through the keyboard."""

    def __init__(self, driver: Chrome, url: str, pictures: Path) -> None:
        self.driver, self.url, self.pictures = driver, url, pictures

    def go(self, path: str) -> None:
        self.driver.get(self.url + path)

    def press(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_to(self, selector: str) -> None:
        """Press Tab until what the selector names has the focus, as a person without a mouse would."""
        for _ in range(120):
            if self.ask(f"document.activeElement.matches({json.dumps(selector)})"):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"the keyboard does not reach {selector}")

    def open_by_keyboard(self, selector: str) -> None:
        """Go to a link or button, press Enter, and wait for the page that comes."""
        self.tab_to(selector)
        before = self.driver.find_element("tag name", "html").id
        self.press(Keys.ENTER)
        waiting = WebDriverWait(self.driver, 15, poll_frequency=0.05)
        waiting.until(lambda driver: driver.find_element("tag name", "html").id != before)
        self.wait("document.readyState === 'complete'")

    def ask(self, expression: str) -> object:
        return self.driver.execute_script(f"return {expression}")

    def wait(self, expression: str) -> None:
        WebDriverWait(self.driver, 15, poll_frequency=0.05).until(lambda _driver: self.ask(expression))

    def text(self) -> str:
        return str(self.driver.find_element("tag name", "body").text)

    def state(self) -> str:
        return str(self.ask("document.getElementById('state').dataset.state"))

    def said(self) -> list[str]:
        """What the browser wrote into its console: refusals by the policy, missing files, errors of the script."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def picture(self, name: str, *, whole: bool = False) -> bytes:
        """A screenshot: the window, or the whole page."""
        if whole:
            wide, high = self.ask("[innerWidth, document.documentElement.scrollHeight]")  # type: ignore[misc]
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": wide, "height": high, "deviceScaleFactor": 1, "mobile": False},
            )
        shot = self.driver.get_screenshot_as_png()
        if whole:
            self.resize(1440, 900)
        (self.pictures / f"{name}.png").write_bytes(shot)
        return shot

    def resize(self, wide: int, high: int) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": wide, "height": high, "deviceScaleFactor": 1, "mobile": wide < 600},
        )


@contextmanager
def chromium(url: str, profile: Path, pictures: Path) -> Iterator[Browser]:
    """A window on a new, empty profile."""
    options = ChromeOptions()
    options.binary_location = find_program("chromium") or "chromium"
    for argument in (*QUIET, f"--user-data-dir={profile}", "--window-size=1440,900"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"intl.accept_languages": "zh-CN,zh"})
    options.set_capability("goog:loggingPrefs", {"browser": "SEVERE"})
    driver = Chrome(options=options, service=Service(find_program("chromedriver") or "chromedriver"))
    try:
        window = Browser(driver, url, pictures)
        window.resize(1440, 900)
        yield window
    finally:
        driver.quit()


# --- the village ------------------------------------------------------------------------------------------------------


def village(url: str) -> Desk:
    """The demo hall's village point, joined with its code."""
    desk = Desk(_line(url), VILLAGE_CODE)
    desk.author = CLERK
    return desk


def food_licence(desk: Desk, *, promised: bool = False) -> str:
    """A food business licence for a shop in Haishu, received in the village; its pages are not sent yet."""
    answers = json.loads((DEMO / "answers" / "XK-00131-001.json").read_text(encoding="utf-8"))
    now = datetime.now(UTC)
    case_id = uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10))
    person = Person(
        name="王𠮷安",
        number=ID_NUMBER,
        sex="女",
        nation="汉",
        birth_date=date(1949, 12, 31),
        address="浙江省余姚市凤山街道永丰村999号",
    )
    seen = Seen(by=CLERK.id, at=now)
    certificates = CaseMaterial(code="health_certificates", name="从业人员健康证明", pages=(_page(desk, 1),))
    if promised:
        certificates = CaseMaterial(
            code="health_certificates", name="从业人员健康证明", promised_until=now.date() + timedelta(days=5)
        )
    materials = (
        CaseMaterial(code="application_form", name="食品经营许可申请书", pages=(_pdf(desk),), trust=Trust.D),
        CaseMaterial(code="id_card", name="经办人居民身份证", source=Source.CHIP, trust=Trust.A),
        CaseMaterial(code="business_licence", name="营业执照", pages=(_page(desk, 1),), trust=Trust.B, verified=seen),
        CaseMaterial(
            code="premises_plan",
            name="经营场所平面图和设备设施布局图",
            pages=(_page(desk, 1, rotation=90),),
        ),
        CaseMaterial(
            code="lease",
            name="房屋租赁合同",
            pages=tuple(_page(desk, n) for n in (1, 2, 3)),
            verified=seen,
            trust=Trust.B,
        ),
        CaseMaterial(code="safety_rules", name="保证食品安全的规章制度", pages=(_page(desk, 1),)),
        certificates,
    )
    opened = Opened(
        channel="village",
        node=desk.node,
        matter="XK-00131-001",
        matter_version=1,
        parties=Parties(applicant=person, handler=person),
        answers=answers,
        phone="0574-00008888",
    )
    first = desk.act(case_id, Kind.OPEN, opened)
    identity = Identity(source="chip", sam_number="05.03-20260101-0000000042-0000000042", long_term=True)
    second = desk.act(case_id, Kind.CONFIRM_PERSON, PersonConfirmed(identity=identity), after=first.id)
    received = Received(
        number=desk.number(),
        window=desk.joined.name,
        route=Route(department="330203-market", area="330203", field="answers.premises_area"),
        materials=materials,
    )
    third = desk.act(case_id, Kind.RECEIVE, received, after=second.id)
    told = desk.ask(first, second, third).told
    assert {each.verdict for each in told.values()} == {"done"}, told
    return case_id


def _page(desk: Desk, number: int, rotation: int = 0) -> Page:
    """A drawn page: lines of a letter, a stamp, a page number."""
    picture = Image.new("L", (1240, 1754), 255)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((380, 140, 860, 190), fill=60)
    for line in range(26):
        pen.rectangle((140, 280 + line * 48, 1100 - (line * 97) % 380, 296 + line * 48), fill=150)
    pen.ellipse((780, 1330, 1040, 1590), outline=90, width=10)
    pen.text((600, 1680), f"{number}", fill=40, font_size=36)
    if rotation:
        picture = picture.rotate(rotation, expand=True)  # as it lay on the glass: counter-clockwise
    return _kept(desk, _encoded(picture), "image/jpeg", picture.size, number, rotation)


def _encoded(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=60, comment=secrets.token_hex(8).encode())
    return made.getvalue()


def _pdf(desk: Desk) -> Page:
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=(595, 842))
    canvas.setFont("Helvetica", 28)
    canvas.drawString(160, 740, "Application form")
    for line in range(20):
        canvas.line(80, 680 - line * 28, 515, 680 - line * 28)
    canvas.save()
    return _kept(desk, made.getvalue(), "application/pdf", (595, 842), 0, 0)


def _kept(desk: Desk, data: bytes, kind: str, size: tuple[int, int], sheet: int, rotation: int) -> Page:
    digest = sha256(data)
    desk.pages[digest] = data
    return Page(
        digest=digest,
        size=len(data),
        media_type=kind,
        width=size[0],
        height=size[1],
        sheet=sheet,
        rotation=rotation,  # type: ignore[arg-type]
    )


def _line(url: str):  # type: ignore[no-untyped-def]
    """Requests over the wire, one connection each."""
    host = urlsplit(url).netloc

    def send(method: str, path: str, body: bytes = b"", **headers: str) -> Sent:
        given = {name.replace("_", "-"): value for name, value in headers.items() if value}
        given.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()

    return send
