"""F18: a receipt of two hundred lines as strangers read it: npm npos our ESC/POS bytes, zbarimg the QR in its dots."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable

import pytest

from app.papers import PaperInput, PaperKind, draw, raster
from devices.printer.languages import escpos, png
from tests.conftest import PEERS

pytestmark = [pytest.mark.needs("font:WenQuanYi Zen Hei"), pytest.mark.needs("node:npos")]
LINES = 200


@pytest.mark.needs("zbarimg")
def test_f18_a_receipt_of_two_hundred_materials_is_read_dot_for_dot(
    received: PaperInput, codes_in: Callable[[bytes], list[str]]
) -> None:
    case = received.view.case
    many = tuple(
        case.materials[0].model_copy(update={"code": f"m{number}", "name": f"第{number}份证明材料"})
        for number in range(LINES)
    )
    view = received.view.model_copy(update={"case": case.model_copy(update={"materials": many})})
    bitmap = escpos.read_pbm(raster.pbm(draw(PaperKind.RECEIPT, received.model_copy(update={"view": view}))))
    assert bitmap.height > 8000, "a metre of paper"

    program = ["node", str(PEERS / "npos_rows.mjs")]
    answer = subprocess.run(program, input=b"".join(escpos.parts(bitmap)), capture_output=True, check=True).stdout
    read = json.loads(answer)
    assert read["commands"] == ["ESC @", *["GS v0"] * len(escpos.bands(bitmap)), "ESC d", "GS V"]
    printed = b""
    for band in read["pictures"]:
        rows, stride = base64.b64decode(band["rows"]), band["stride"]
        printed += b"".join(rows[at : at + stride].ljust(bitmap.stride, b"\0") for at in range(0, len(rows), stride))
    assert printed == bitmap.rows
    assert codes_in(png.from_bitmap(escpos.Bitmap(bitmap.width, bitmap.height, printed))) == [
        received.view.progress_url
    ]
