"""`tongban`: the command line for technicians and scripts.

Exit codes: 0, 1 with a Problem as JSON on stderr, its words among it (RFC 9457), 2 for wrong usage. `--json` prints one
JSON value on stdout.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import date, datetime
from getpass import getpass
from pathlib import Path
from typing import Any

from app.config import default_folder, read_config
from app.problems import words_for
from contract.problem import Problem, Retry

_UNHEARD = logging.NullHandler()  # what went wrong is said once, as the Problem; the log's own warnings are not


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    if rest and given.run not in (_child_counter, _child_server, _child_demo):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    logging.getLogger().addHandler(_UNHEARD)
    try:
        answer = given.run(given, rest)
    except Problem as problem:
        words = words_for(problem, "zh")
        said = {**problem.to_wire(), "title": words.title, "detail": words.remedy}
        print(json.dumps(said, ensure_ascii=False), file=sys.stderr)
        return 1
    if isinstance(answer, int):
        return answer
    try:
        if given.json:
            print(json.dumps(_plain(answer), ensure_ascii=False), flush=True)
        elif answer is not None:
            print(given.say(answer), flush=True)
    except BrokenPipeError:  # who asked has heard enough: `tongban devices list | head -1`
        sys.stdout = None  # nothing is flushed into it at the end
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tongban", description="通办：窗口、服务器、设备和单据 (counter, server, devices, papers)"
    )
    parser.set_defaults(json=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[..., Any], text: str, say: Callable[[Any], str] = str, under: Any = commands
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(name, help=text, description=text)
        # the word of a command stands when a command under it says nothing
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON value on stdout")
        made.set_defaults(run=run, say=say)
        return made

    def station(made: argparse.ArgumentParser, default: Any = None) -> None:
        made.add_argument("--folder", type=Path, default=default or default_folder(), help="this station's folder")

    def program(name: str, run: Callable[..., Any], text: str) -> None:
        commands.add_parser(name, help=text, add_help=False).set_defaults(run=run)  # -h is its own to answer

    program("counter", _child_counter, "open the counter (窗口)")
    program("server", _child_server, "the acceptance server (受理平台); its own commands follow")
    program("demo", _child_demo, "demo hall with simulated devices (演示大厅)")

    join = command("join", _join, "join this station to a server with a one-time code (入网)", _say_joined)
    station(join)
    join.add_argument("--server", required=True, metavar="URL")
    join.add_argument("--window", default="", help="the name of this window, e.g. 3 号窗口")
    join.add_argument("--training", action="store_true", help="a training station: its key may be a file")

    devices = commands.add_parser("devices", help="drivers and devices").add_subparsers(required=True, metavar="WHAT")
    command("list", _devices_list, "which drivers there are, and what is missing here", _say_drivers, devices)
    diagnose = command("diagnose", _devices_diagnose, "write a diagnostic file for support (诊断文件)", str, devices)
    station(diagnose)
    diagnose.add_argument("--out", type=Path, default=Path(), metavar="DIR")
    try_ = command(
        "try",
        _devices_try,
        "try a driver: read a card, scan a batch, print a test page, scan a code",
        _say_tried,
        devices,
    )
    try_.add_argument("driver", metavar="KIND/DRIVER")
    try_.add_argument("--option", action="append", default=[], metavar="K=V")
    try_.add_argument("--out", type=Path, help="where scanned pages and photographs go")
    try_.add_argument("--key", default="", help="cards: a passport's machine-readable lines, or number,birth,expiry")
    try_.add_argument("--patience", type=float, default=30.0, help="seconds")

    paper = command("paper", _paper, "draw a paper of a case", lambda answer: str(answer["out"]))
    paper.add_argument("kind", type=_paper_kind, help="receipt, receipt_a4, application, acceptance, supplement …")
    paper.add_argument("--case", type=Path, required=True, metavar="FILE.json", help="as the server's API answers it")
    paper.add_argument("--out", type=Path, required=True, metavar="FILE.pdf|.png|.escpos")

    material = command(
        "material",
        _material,
        "what was handed in for a case (材料) as one PDF, straight, the scans' own bytes inside",
        _say_pdf,
    )
    station(material)
    material.add_argument("case", metavar="ID", help="a case's number or id")
    material.add_argument("--code", default="", help="one material only")
    material.add_argument("--out", type=Path, required=True, metavar="FILE.pdf")

    matters = commands.add_parser("matters", help="the catalogue").add_subparsers(required=True, metavar="WHAT")
    search = command(
        "search", _matters_search, "find matters by characters, pinyin, initials or code", _say_hits, matters
    )
    station(search)
    search.add_argument("text")
    search.add_argument(
        "--demo", action="store_true", help="search the shipped demo hall instead of the station's pack"
    )

    sync = command("sync", _sync, "talk to the server", _say_synced)
    station(sync)
    sync.add_argument("--once", action="store_true", required=True, help="one round, with its uploads")

    recover = command(
        "recover", _recover, "open a dead PC's store here with the city's recovery key (恢复)", _say_recovered
    )
    recover.add_argument("--store", type=Path, required=True, metavar="DIR", help="a copy of the dead PC's folder")
    recover.add_argument("--recovery-key", type=Path, required=True, metavar="FILE", help="the city's private key")

    parcel = commands.add_parser("parcel", help="no line for long: take what waits along on a stick (数据包)")
    parcels = parcel.add_subparsers(required=True, metavar="WHAT")
    pack = command("export", _parcel_export, "seal all that waits for the server into a file", _say_packed, parcels)
    station(pack)
    pack.add_argument("--out", type=Path, required=True, metavar="FILE")
    hand_in = command(
        "import", _parcel_import, "hand a parcel in to the server, ours or another station's", _say_unpacked, parcels
    )
    station(hand_in)
    hand_in.add_argument("file", type=Path, metavar="FILE")

    outbox = command("outbox", _outbox, "what waits to be sent, and why; what is held", _say_outbox)
    station(outbox)
    outbox.add_argument("--find", default="", metavar="TEXT", help="by number, id number, name, pinyin; withdrawn too")
    under = outbox.add_subparsers(metavar="WHAT")

    def held(name: str, run: Callable[..., Any], text: str, say: Callable[[Any], str]) -> argparse.ArgumentParser:
        made = command(name, run, text, say, under)
        station(made, argparse.SUPPRESS)
        made.add_argument("case", metavar="ID", help="a case's number or id")
        return made

    held("show", _outbox_show, "both versions of a case, side by side", _say_compared)
    held("resend", _outbox_resend, "let what is held be sent again as it is", _say_done)
    export = held("export", _outbox_export, "write a case into a file that a passphrase opens", _say_exported)
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    withdraw = held("withdraw", _outbox_withdraw, "give up what is held (撤下); a supervisor's password", _say_done)
    withdraw.add_argument("--reason", required=True)
    withdraw.add_argument("--supervisor", required=True, metavar="NAME", help="the supervisor's account")
    opened = command("open", _outbox_open, "unpack an exported file into a new folder", _say_exported, under)
    opened.add_argument("file", type=Path, metavar="FILE")
    opened.add_argument("--out", type=Path, required=True, metavar="DIR")
    return parser


# --- programs of their own ---------------------------------------------------------------------------------------


def _child_counter(_: argparse.Namespace, rest: list[str]) -> int:
    return subprocess.call([sys.executable, "-m", "ui.main", *rest])


def _child_server(_: argparse.Namespace, rest: list[str]) -> int:
    return subprocess.call([sys.executable, "-m", "server", *(rest or ["serve"])])


def _child_demo(_: argparse.Namespace, rest: list[str]) -> int:
    return subprocess.call([sys.executable, "-m", "ui.demo", *rest])


# --- the station -------------------------------------------------------------------------------------------------


def _join(given: argparse.Namespace, _: list[str]) -> Any:
    from app.start import join_station

    code = sys.stdin.readline().strip() if not sys.stdin.isatty() else input("入网码 one-time code: ").strip()
    return join_station(given.folder, given.server, code, window=given.window, training=given.training)


def _say_joined(answer: Any) -> str:
    return f"已入网 joined: {answer['node']} · {answer['name']}"


def _matters_search(given: argparse.Namespace, _: list[str]) -> Any:
    from app.demo import demo_pack
    from app.matters.catalogue import Catalogue
    from app.start import closing_desk

    if given.demo:
        pack = demo_pack()
        return _hits(Catalogue(pack), given.text, pack.node)
    with closing_desk(read_config(given.folder)) as desk:
        return _hits(desk.catalogue(), given.text, desk.node)


def _hits(catalogue: Any, text: str, node: str) -> list[dict[str, Any]]:
    return [
        {
            "code": hit.matter.code,
            "name": hit.matter.name,
            "may_receive": hit.may_receive,
            "instead": [each.hall or each.name for each in hit.instead],
        }
        for hit in catalogue.search(text, node)
    ]


def _say_hits(hits: Any) -> str:
    lines = [f"{hit['code']}\t{hit['name']}\t{'、'.join(hit['instead'])}".rstrip() for hit in hits]
    return "\n".join(lines) or "没有找到 nothing found"


def _sync(given: argparse.Namespace, _: list[str]) -> Any:
    from app.start import bounds_of, closing_desk
    from app.sync.once import sync_once

    with closing_desk(read_config(given.folder)) as desk:
        return sync_once(desk.store, desk.courier.line, desk.clock, "command line", bounds_of(desk.config))


def _say_synced(settled: Any) -> str:
    done = f"上报 sent {settled.acknowledged}，核对一致 matched {settled.matched}，新消息 news {settled.news}"
    left = f"等待 waiting {settled.waiting}，需处理 held {settled.held}"
    return f"{done}，材料 pages {settled.page_bytes} B；{left}"


def _parcel_export(given: argparse.Namespace, _: list[str]) -> Any:
    from app.start import closing_desk
    from app.sync.parcel import export

    with closing_desk(read_config(given.folder)) as desk:
        return export(desk.store, given.out)


def _say_packed(packed: Any) -> str:
    counted = f"{packed.cases} 件，{packed.acts} 个动作，{packed.ratings} 次评价，{packed.pages} 页"
    left = f"；另有 {packed.lacking} 页不在本机或已损坏，没有带上" if packed.lacking else ""
    left += f"；{packed.held} 件需处理，没有带上" if packed.held else ""
    return f"{packed.file}: {counted}，{packed.bytes} 字节{left}"


def _parcel_import(given: argparse.Namespace, _: list[str]) -> Any:
    from app.start import closing_desk
    from app.sync.parcel import hand_in

    with closing_desk(read_config(given.folder)) as desk:
        return hand_in(desk.store, desk.courier.line, given.file)


def _say_unpacked(unpacked: Any) -> str:
    told = list(unpacked.told.values())
    counted = Counter(one.verdict.value for one in told)
    lines = [
        f"站点 {unpacked.station}：新收下 {counted['done']} 个动作，原已收下 {counted['already']}，"
        f"没有收下 {counted['refused']}；{unpacked.pages} 页"
    ]
    if unpacked.refused_pages:
        lines.append(f"另有 {unpacked.refused_pages} 页没有收下，它们的办件不在服务器上")
    refused = [Problem.from_wire(one.problem) for one in told if one.problem is not None]
    lines += map(_say_problem, dict.fromkeys(refused))  # its own station hears the same, and holds the case
    return "\n".join(lines)


def _say_problem(problem: Problem) -> str:
    words = words_for(problem, "zh")
    return f"{words.title}：{words.remedy}（{words.code}）"


def _recover(given: argparse.Namespace, _: list[str]) -> Any:
    from app.start import recover_station

    return recover_station(given.store, given.recovery_key)


def _say_recovered(answer: Any) -> str:
    return (
        f"已恢复，未上报 {answer['cases']} 件 recovered; cases not yet with the server: {answer['cases']}\n"
        "下一步 next: tongban sync --once --folder DIR"
    )


def _outbox(given: argparse.Namespace, _: list[str]) -> Any:
    from app.matters.search import is_named
    from app.start import closing_desk
    from app.sync.outbox import find, outbox

    with closing_desk(read_config(given.folder)) as desk:
        return find(desk, given.find, is_named) if given.find.strip() else outbox(desk)


STANDINGS = {
    "waiting": "等待上报 waiting",
    "sending": "正在上报 sending",
    "acknowledged": "已送到，待核对 acknowledged",
    "held": "需处理 held",
}


def _say_outbox(lines: Any) -> str:
    return "\n".join(_say_waiting(line) for line in lines) or "没有待上报的 nothing waits"


def _say_waiting(line: Any) -> str:
    """What waits, how it stands, since when, how much is left, and why. Who it is of is in the JSON only."""
    from contract.case import CHINA

    said = [
        line.number or line.case_id,
        STANDINGS["held" if line.is_stuck else line.standing] if line.waits else "已撤下 withdrawn",
        line.matter,
        f"{len(line.what)} 个动作 acts，{line.pages} 页 pages",
        f"自 since {line.since.astimezone(CHINA):%Y-%m-%d %H:%M}",
        f"未传 left {line.bytes_left} B",
    ]
    if line.waits and line.problem:
        said.append(_say_problem(line.problem))
    elif line.given_up:
        said.append(line.given_up.reason)
    return "\t".join(said)


def _outbox_show(given: argparse.Namespace, _: list[str]) -> Any:
    from app.cases.compare import compare
    from app.start import closing_desk
    from app.sync.outbox import get_case_id

    with closing_desk(read_config(given.folder)) as desk:
        return compare(desk, get_case_id(desk, given.case))


def _say_compared(found: Any) -> str:
    def side(row: Any, value: Any) -> str:
        if row.part != "material":
            return value.text or "—"
        return f"{value.pages} 页 pages, {value.equal_pages} 相同 equal" if value.there else value.text or "—"

    lines = [found.number or found.case_id]
    if found.problem:
        lines.append(_say_problem(found.problem))
    if found.given_up is not None:
        lines.append(f"已撤下 withdrawn: {found.given_up.reason}")
    lines.append("\t本机 here\t服务器 server" if found.on_server else "\t本机 here\t服务器上没有 not on the server")
    for row in found.rows:
        lines.append(
            f"{'=' if row.same else '≠'} {row.name or row.part}\t{side(row, row.ours)}\t{side(row, row.theirs)}"
        )
    return "\n".join(lines)


def _outbox_resend(given: argparse.Namespace, _: list[str]) -> Any:
    from app.start import closing_desk
    from app.sync.outbox import get_case_id, resend

    with closing_desk(read_config(given.folder)) as desk:
        case_id = get_case_id(desk, given.case)
        resend(desk, case_id)
    return {"case_id": case_id, "done": "resend"}


def _outbox_export(given: argparse.Namespace, _: list[str]) -> Any:
    from app.start import closing_desk
    from app.sync.export import export
    from app.sync.outbox import get_case_id

    with closing_desk(read_config(given.folder)) as desk:
        case_id = get_case_id(desk, given.case)
        return export(desk, case_id, _secret("口令（至少 8 个字符）passphrase: "), given.out)


def _outbox_open(given: argparse.Namespace, _: list[str]) -> Any:
    from app.sync.export import open_exported

    return open_exported(given.file, _secret("口令 passphrase: "), given.out)


def _say_exported(answer: Any) -> str:
    return f"{answer.file}\t{answer.pages} 页 pages\t{answer.lacking} 页不在本机或已损坏 pages not here or damaged"


def _outbox_withdraw(given: argparse.Namespace, _: list[str]) -> Any:
    from app.cases.held import withdraw
    from app.people.sign_in import supervisor
    from app.start import closing_desk
    from app.sync.outbox import get_case_id

    with closing_desk(read_config(given.folder)) as desk:
        case_id = get_case_id(desk, given.case)
        found = supervisor(desk, given.supervisor, _secret("主管口令 supervisor's password: "))
        withdraw(desk, case_id, found.clerk, given.reason, found.clerk, offline=found.offline)
    return {"case_id": case_id, "done": "withdraw"}


def _say_done(answer: Any) -> str:
    words = {"resend": "将再次上报 will be sent again", "withdraw": "已撤下 withdrawn"}
    return f"{answer['case_id']}\t{words[answer['done']]}"


def _secret(prompt: str) -> str:
    """A line that nobody sees: from the terminal without an echo, else from standard input; never an argument."""
    return getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


# --- devices -----------------------------------------------------------------------------------------------------


def _devices_list(_given: argparse.Namespace, _: list[str]) -> Any:
    from devices.catalogue import drivers, missing

    return [
        {
            "driver": manifest.id,
            "name": manifest.name,
            "name_en": manifest.name_en,
            "grade": manifest.grade,
            "transports": manifest.transports,
            "missing": missing(manifest),
            "options": {
                option.key: {"default": option.default, "choices": list(option.choices), "label": option.label}
                for option in manifest.options
            },
        }
        for manifest in drivers()
    ]


def _say_drivers(found: Any) -> str:
    lines = [f"{d['driver']:28} {d['grade']:8} {d['name']} {'；'.join(d['missing'])}".rstrip() for d in found]
    return "\n".join(lines)


def _devices_diagnose(given: argparse.Namespace, _: list[str]) -> Any:
    from app.diagnostics import write_diagnosis
    from app.start import closing_desk

    with closing_desk(read_config(given.folder)) as desk:
        return write_diagnosis(desk, given.out)


def _devices_try(given: argparse.Namespace, _: list[str]) -> Any:
    from devices.catalogue import get_driver, open_host

    manifest = get_driver(given.driver)
    options = dict(_pair(text) for text in given.option)
    host = open_host(manifest.id, options, given.patience)
    try:
        match manifest.kind:
            case "idcard":
                from devices.idcard import Reader

                return Reader(host).wait_for_card(given.patience).to_json()
            case "scanner":
                return _try_scanner(host, given.out)
            case "camera":
                return _try_camera(host, given.out, given.patience)
            case "printer":
                return _try_printer(host)
            case "cards":
                from devices.cards import Reader as CardReader

                return CardReader(host).read(given.key).to_json()
            case "codes":
                from devices.codes import Scanner

                return _first(Scanner(host).watch, given.patience)
            case "signature":
                return _try_signature(host, given.patience)
            case "rating":
                from devices.rating import Pad

                return _first(Pad(host).watch, given.patience)
    finally:
        host.close()
    raise Problem("device.cannot_try", Retry.NEVER, driver=given.driver)


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise Problem("device.bad_option", Retry.AFTER_FIX, driver="", option=text, allowed="KEY=VALUE")
    return key, value


def _try_scanner(host: Any, out: Path | None) -> Any:
    from devices.scanner import ScanProfile, ScanSource

    if out is None:
        raise Problem("cli.out_missing", Retry.AFTER_FIX)
    out.mkdir(parents=True, exist_ok=True)
    endings = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "application/pdf": "pdf"}
    pages = []
    for page, data in ScanSource(host).scan(ScanProfile()):
        file = out / f"page-{page.n:03}.{endings[page.media_type]}"
        file.write_bytes(data)
        pages.append({**dataclasses.asdict(page), "file": str(file)})
    return pages


def _try_camera(host: Any, out: Path | None, patience: float) -> Any:
    """One photograph, as it comes from the camera within the patience."""
    from devices.camera import CameraSource

    if out is None:
        raise Problem("cli.out_missing", Retry.AFTER_FIX)
    out.mkdir(parents=True, exist_ok=True)
    frame, data = CameraSource(host).photograph(patience)
    file = out / f"photograph.{'png' if frame.media_type == 'image/png' else 'jpg'}"
    file.write_bytes(data)
    return {**dataclasses.asdict(frame), "file": str(file)}


Watch = Callable[[threading.Event], Generator[Any, None, None]]


def _first(watch: Watch, patience: float) -> Any:
    """The first thing that a device says within the patience; None where it says nothing."""
    with closing(_heard(watch, patience)) as said:
        return next(said, None)


def _heard(watch: Watch, patience: float) -> Generator[Any, None, None]:
    """What a device that is listened to says within the patience."""
    stop = threading.Event()
    end = threading.Timer(patience, stop.set)
    end.start()
    try:
        with closing(watch(stop)) as said:
            yield from (dataclasses.asdict(each) for each in said)
    finally:
        end.cancel()
        end.join()


def _try_signature(host: Any, patience: float) -> Any:
    """How large the pad is, and how much was written on it within the patience; never what."""
    from devices.signature import Pad

    area = Pad(host).area()
    points = list(_heard(Pad(host).watch, patience))
    strokes = sum(not point["pressure"] for point in points)
    return {**dataclasses.asdict(area), "strokes": strokes, "points": len(points) - strokes}


def _try_printer(host: Any) -> Any:
    from app.papers.testing_page import test_page
    from devices.printer import PrintSink

    sink = PrintSink(host)
    return dataclasses.asdict(test_page(sink))


def _say_tried(answer: Any) -> str:
    return json.dumps(_plain(answer), ensure_ascii=False, indent=2)


# --- papers ------------------------------------------------------------------------------------------------------


def _paper_kind(text: str) -> str:
    """The kind of paper; an unknown one is wrong usage, and the message names those there are."""
    from app.papers import PaperKind

    if text not in list(PaperKind):
        raise argparse.ArgumentTypeError(f"{text}: one of {', '.join(PaperKind)}")
    return text


def _paper(given: argparse.Namespace, _: list[str]) -> Any:
    from app.papers import draw_file

    try:
        said = json.loads(given.case.read_text("utf-8"))
    except (OSError, ValueError):
        raise Problem("papers.no_case", Retry.AFTER_FIX) from None
    draw_file(given.kind, said, given.out)
    return {"out": str(given.out), "kind": given.kind}


def _material(given: argparse.Namespace, _: list[str]) -> Any:
    from app.flow.one_pdf import write_materials
    from app.start import closing_desk

    with closing_desk(read_config(given.folder)) as desk:
        named = given.case.strip()
        rows = (
            row for row in desk.store.cases.look_for(named) if named in (row.number, row.case_id)
        )  # no name, nobody's
        case_id = next((row.case_id for row in rows), "")
        part = given.out.with_name(given.out.name + ".part")
        try:
            with part.open("wb") as out:
                pages = write_materials(desk, case_id, out, given.code)
            part.replace(given.out)
        except OSError:
            raise Problem("papers.cannot_write", Retry.AFTER_FIX, file=str(given.out)) from None
        finally:
            part.unlink(missing_ok=True)
    return {"out": str(given.out), "pages": pages}


def _say_pdf(answer: Any) -> str:
    return f"{answer['out']}\t{answer['pages']} 页 pages"


def _plain(value: Any) -> Any:
    """JSON values of dataclasses, models, dates and problems."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Problem):
        return value.to_wire()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


if __name__ == "__main__":
    sys.exit(main())
