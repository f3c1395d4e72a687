"""The drawing process: papers asked for on stdin, PDFs and bitmaps out on stdout.

Started by app.papers.drawer as ``python -m app.papers.worker``. Fonts take some 200 MB once they are loaded; here
they do not weigh on the counter, and what hangs or falls over can be started again. Nothing touches
the disk.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from app.papers import PaperInput, PaperKind, draw
from app.papers.pipe import hear, say
from contract.problem import Problem, Retry
from contract.wire import sha256
from devices.worker import die_with_parent


def answer(asked: dict[str, Any], blob: bytes) -> bytes:
    """Do what a message asks for.

    Raises:
        Problem: what `draw` raises.
    """
    match asked["do"]:
        case "draw":
            return draw(PaperKind(asked["kind"]), PaperInput.model_validate_json(blob))
        case "bitmap":
            from app.papers import raster

            return raster.pbm(blob, asked["dots"])
        case "png":
            from app.papers import raster

            return raster.png(blob, asked["dpi"])
        case unknown:
            raise ValueError(unknown)


def main() -> None:
    die_with_parent()
    asks, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to stderr
    while (heard := hear(asks)) is not None:
        try:
            say(answers, {"made_from": sha256(heard[1])}, answer(*heard))
        except Problem as problem:
            say(answers, {"problem": problem.to_wire()})
        except Exception as error:
            # the kind of error and the place, none of the values: they may be a person's
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else ""
            bug = Problem("papers.failed", Retry.NEVER, kind=type(error).__name__, where=where)
            say(answers, {"problem": bug.to_wire()})


if __name__ == "__main__":
    main()
