"""A department officer of the demo hall who works through the same web pages as a person with a browser."""

from __future__ import annotations

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser

from contract.problem import Problem, Retry

PATIENCE = 60.0  # seconds for one page


class Officer:
    """Signs in, opens a case, fills one of its forms and sends it.

    Raises:
        Problem: ``demo.officer_stuck`` where the pages do not offer what is asked for.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def sign_in(self, username: str, password: str) -> None:
        """Sign in on the page that every visitor without a session is led to."""
        form = self._form("/accounts/login/", "password")
        page = self._send(form, {"login": username, "password": password})
        if 'type="password"' in page:
            raise Problem("demo.officer_stuck", Retry.NEVER, page="login")

    def act(self, case_id: str, verb: str, **fields: str) -> None:
        """Do one thing to a case: ``accept``, ``review``, ``approve`` (opinion=…), ``ask_supplement`` …"""
        form = self._form(f"/cases/{case_id}", verb)
        named = {name.rpartition("-")[2]: name for name in form.fields}  # a page has several forms, told apart so
        self._send(form, {named.get(name, name): value for name, value in fields.items()})

    def read(self, path: str) -> str:
        """A page as it is answered."""
        return self._open(urllib.request.Request(self._url + path))  # noqa: S310 - our own server's address

    def _form(self, path: str, wanted: str) -> _Form:
        forms = _Forms(path)
        forms.feed(self.read(path))
        for form in forms.found:
            if form.action.rstrip("/").endswith("/" + wanted) or wanted in form.fields:
                return form
        raise Problem("demo.officer_stuck", Retry.NEVER, page=wanted)

    def _send(self, form: _Form, fields: dict[str, str]) -> str:
        url = urllib.parse.urljoin(self._url + form.page, form.action)
        data = urllib.parse.urlencode({**form.fields, **fields}).encode()
        return self._open(urllib.request.Request(url, data, headers={"Referer": self._url + form.page}))  # noqa: S310

    def _open(self, request: urllib.request.Request) -> str:
        try:
            with self._browser.open(request, timeout=PATIENCE) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            error.close()
            raise Problem("demo.officer_stuck", Retry.NEVER, page=str(error.code)) from None


class _Form:
    def __init__(self, page: str, action: str) -> None:
        self.page, self.action = page, action
        self.fields: dict[str, str] = {}


class _Forms(HTMLParser):
    """The forms of a page with the values that their fields already have."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page
        self._open: _Form | None = None
        self.found: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = _Form(self._page, said.get("action") or self._page)
            self.found.append(self._open)
        elif tag in ("input", "textarea", "select") and self._open is not None and "name" in said:
            if said.get("type") in ("checkbox", "radio") and "checked" not in said:
                return
            self._open.fields.setdefault(said["name"], said.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
