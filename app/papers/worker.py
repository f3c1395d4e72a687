"""The drawing process: papers asked for on stdin, PDFs and bitmaps out on stdout.

Started by app.papers.drawer as ``python -m app.papers.worker``. Fonts take some 200 MB once they are loaded; here
they do not weigh on the counter, and what hangs or falls over can be started again. A message is a JSON line and as
many raw bytes as its ``blob`` says; nothing touches the disk.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any, BinaryIO

from app.papers import PaperInput, PaperKind, draw
from contract.problem import Problem, Retry


def bitmap(pdf: bytes, dots: int) -> bytes:
    """A receipt as PBM "P4" for a thermal head."""
    from app.papers import raster

    out = io.BytesIO()
    raster.bitmap(pdf, dots).save(out, "PPM")
    return out.getvalue()


def answer(asked: dict[str, Any], blob: bytes) -> bytes:
    """Do what a message asks for.

    Raises:
        Problem: what `draw` raises.
    """
    match asked["do"]:
        case "draw":
            return draw(PaperKind(asked["kind"]), PaperInput.model_validate_json(blob))
        case "bitmap":
            return bitmap(blob, asked["dots"])
        case "png":
            from app.papers import raster

            return raster.png(blob, asked["dpi"])
        case unknown:
            raise ValueError(unknown)


def say(stream: BinaryIO, line: dict[str, Any], blob: bytes = b"") -> None:
    stream.write(json.dumps(line | {"blob": len(blob)}).encode("ascii") + b"\n" + blob)
    stream.flush()


def hear(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message, or None at the end of the stream, also in the middle of a message."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    said: dict[str, Any] = json.loads(line)
    blob = stream.read(said["blob"])
    return (said, blob) if len(blob) == said["blob"] else None


def main() -> None:
    asks, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to stderr
    while (heard := hear(asks)) is not None:
        try:
            say(answers, {"ok": True}, answer(*heard))
        except Problem as problem:
            say(answers, {"problem": problem.to_wire()})
        except Exception as error:
            # the kind of error and the place, none of the values: they may be a person's
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else ""
            problem = Problem("papers.failed", Retry.NEVER, kind=type(error).__name__, where=where)
            say(answers, {"problem": problem.to_wire()})


if __name__ == "__main__":
    main()
