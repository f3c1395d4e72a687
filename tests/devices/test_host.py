"""The host against a real worker process whose driver has every bad habit (odd_drivers/odd)."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.problem import Problem, Retry
from devices.host import Host, exit_words, without_personal
from devices.worker import to_json

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.fixture(autouse=True)
def _odd_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE / "odd_drivers"))


@pytest.fixture
def host() -> Iterator[Host]:
    with Host("idcard/odd", {"greeting": "您好"}, patience=20) as host:
        yield host


def code_of(raised: pytest.ExceptionInfo[Problem]) -> str:
    return raised.value.code


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 20
    pause = threading.Event()
    while not is_gone(pid):
        assert time.monotonic() < end, f"{pid} lives"
        pause.wait(0.01)


def test_options_go_through_the_pipe_and_answers_come_back_as_json(host: Host) -> None:
    assert host.ask("greet") == "您好"
    assert host.ask("dated") == {"day": "2025-01-02", "words": ["一", "二"]}
    command = Path(f"/proc/{host.pid}/cmdline").read_bytes()
    assert "您好".encode() not in command


def test_the_process_stays_between_calls_until_it_is_wanted_fresh(host: Host) -> None:
    assert [host.ask("count"), host.ask("count")] == [1, 2]
    host.fresh()
    assert host.pid is None
    assert host.ask("count") == 1


def test_what_a_library_prints_from_python_and_c_does_not_break_the_wire(host: Host) -> None:
    assert host.ask("noisy") == "clean"
    assert host.ask("greet") == "您好"


def test_a_long_argument_and_a_long_answer_pass(host: Host) -> None:
    text = "长" * 1_000_000
    assert host.ask("echo", text=text) == text


def test_pages_stream_with_their_bytes(host: Host) -> None:
    sizes = [0, 1, 70_000, 20_000_000]
    pages = list(host.stream("pages", sizes=sizes))
    assert [head for head, _ in pages] == [{"page": n} for n in range(4)]
    assert [len(page) for _, page in pages] == sizes
    assert pages[3][1] == b"\x03" * sizes[3]


def test_a_stream_returns_what_the_driver_returned(host: Host) -> None:
    stream = host.stream("pages", sizes=[1])
    next(stream)
    with pytest.raises(StopIteration) as end:
        next(stream)
    assert end.value.value == {"pages": 1}


def test_pages_before_a_problem_are_not_lost(host: Host) -> None:
    got = []
    with pytest.raises(Problem) as raised:
        for head, page in host.stream("pages", sizes=[5] * 9, fail_after=3):
            got.append((head["page"], page))
    assert code_of(raised) == "device.unplugged"
    assert got == [(0, b"\0" * 5), (1, b"\1" * 5), (2, b"\2" * 5)]
    assert host.ask("greet") == "您好"


def test_a_drivers_problem_crosses_unchanged(host: Host) -> None:
    with pytest.raises(Problem) as raised:
        host.ask("unplugged")
    assert raised.value == Problem("device.unplugged", Retry.AFTER_FIX, port="COM3")


def test_a_bug_becomes_a_problem_and_its_value_reaches_no_log(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Problem) as raised:
        host.ask("wrong")
    assert raised.value == Problem("device.failed", Retry.AGAIN, kind="ValueError")
    host.close()
    assert "driver.py" in caplog.text and "ValueError" in caplog.text
    assert "110105194912310021" not in caplog.text


def test_an_answer_without_json_form_is_a_bug_of_the_driver(host: Host) -> None:
    with pytest.raises(Problem) as raised:
        host.ask("unspeakable")
    assert raised.value.facts == {"kind": "TypeError"}


@pytest.mark.parametrize("do", ["nothing", "_secret", "__class__", "greeting"])
def test_only_public_methods_can_be_called(host: Host, do: str) -> None:
    with pytest.raises(Problem) as raised:
        host.ask(do)
    assert code_of(raised) == "device.cannot_do"


def test_a_driver_that_will_not_open_says_why_and_is_asked_again() -> None:
    with Host("idcard/odd", {"opens": False}, patience=20) as host:
        for _ in range(2):
            with pytest.raises(Problem) as raised:
                host.ask("greet")
            assert code_of(raised) == "device.unplugged"


@pytest.mark.parametrize("driver", ["idcard/none", "nonsense", "../etc", "idcard/Odd"])
def test_a_driver_that_is_not_there(driver: str) -> None:
    with Host(driver, patience=20) as host, pytest.raises(Problem) as raised:
        host.ask("read")
    assert code_of(raised) in ("device.no_such_driver", "device.failed")


@pytest.mark.parametrize("habit", ["hang", "stop", "busy", "busy_in_library"])
def test_a_silent_driver_is_killed_and_the_next_call_works(host: Host, habit: str) -> None:
    host.ask("count")
    pid = host.pid
    assert pid is not None
    with pytest.raises(Problem) as raised:
        host.ask(habit, patience=0.3)
    assert raised.value == Problem("device.silent", Retry.AGAIN, driver="idcard/odd", seconds="0.3")
    assert is_gone(pid)
    assert host.ask("count") == 1


def test_a_stopped_worker_that_takes_no_more_input_is_killed(host: Host) -> None:
    host.ask("greet")
    assert host.pid is not None
    os.kill(host.pid, signal.SIGSTOP)
    with pytest.raises(Problem) as raised:
        host.ask("echo", text="x" * 1_000_000, patience=0.3)
    assert code_of(raised) in ("device.silent", "device.crashed")
    assert host.ask("greet") == "您好"


def test_a_crash_says_how_it_ended_and_the_next_call_works(host: Host) -> None:
    with pytest.raises(Problem) as raised:
        host.ask("crash")
    assert raised.value == Problem("device.crashed", Retry.AGAIN, driver="idcard/odd", status="signal SIGSEGV")
    with pytest.raises(Problem) as raised:
        host.ask("leave", status=3)
    assert raised.value.facts["status"] == "exit 3"
    assert host.ask("count") == 1


def test_a_worker_killed_between_calls_and_within_one(host: Host) -> None:
    host.ask("count")
    assert host.pid is not None
    os.kill(host.pid, signal.SIGKILL)
    with pytest.raises(Problem) as raised:
        host.ask("count")
    assert raised.value.facts["status"] == "signal SIGKILL"
    stream = host.stream("endless")
    next(stream)
    assert host.pid is not None
    os.kill(host.pid, signal.SIGKILL)
    with pytest.raises(Problem) as raised:
        list(stream)
    assert code_of(raised) == "device.crashed"
    assert host.ask("count") == 1


def test_closing_a_stream_cancels_it_and_keeps_the_process(host: Host) -> None:
    host.ask("count")
    pid = host.pid
    stream = host.stream("endless")
    assert [next(stream)[0], next(stream)[0]] == [0, 1]
    stream.close()
    assert host.ask("count") == 2
    assert host.pid == pid


def test_a_stream_deaf_to_cancelling_costs_its_process_only(host: Host, tmp_path: Path) -> None:
    stream = host.stream("deaf", file=str(tmp_path / "deaf"))
    next(stream)
    pid = host.pid
    while not (tmp_path / "deaf").exists():
        pass
    stream.close()
    assert host.ask("count") == 1
    assert host.pid != pid


def test_a_stream_may_be_closed_by_another_thread(host: Host) -> None:
    stream = host.stream("endless")
    next(stream)
    closer = threading.Thread(target=stream.close)
    closer.start()
    closer.join()
    assert host.ask("greet") == "您好"


def test_a_heartbeat_keeps_a_waiting_stream_alive(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "paper"
    got: list[object] = []
    host.ask("greet")
    reader = threading.Thread(target=lambda: got.extend(host.stream("patient", file=str(file), patience=1.5)))
    reader.start()
    reader.join(2.5)  # longer than the patience: only the heartbeats keep it from being given up
    assert reader.is_alive()
    file.touch()
    reader.join()
    assert got == [("paper", b"")]


def test_calls_are_one_at_a_time_and_a_second_one_says_that_it_is_busy(host: Host) -> None:
    stream = host.stream("endless")
    next(stream)
    with pytest.raises(Problem) as raised:
        host.ask("greet", patience=0.1)
    assert code_of(raised) == "device.busy"
    stream.close()
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(host.ask("count"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(1, 9))


def test_the_worker_outlives_the_thread_that_first_called_it(host: Host) -> None:
    """PR_SET_PDEATHSIG is about the parent's thread, not its process."""
    first = threading.Thread(target=lambda: host.ask("count"))
    first.start()
    first.join()
    assert host.ask("count") == 2


@pytest.mark.parametrize("ending", ["fresh", "close"])
def test_a_hanging_call_ends_when_the_host_is_ended(host: Host, ending: str) -> None:
    host.ask("greet")
    heard: list[str] = []

    def call() -> None:
        try:
            host.ask("hang")
        except Problem as problem:
            heard.append(problem.code)

    caller = threading.Thread(target=call)
    caller.start()
    while not host._calling.locked():
        pass
    getattr(host, ending)()
    caller.join()
    assert heard == ["device.closed"] or (heard == ["device.crashed"] and ending == "fresh")


def test_nothing_is_left_after_closing(host: Host) -> None:
    threads = set(threading.enumerate())
    descriptors = set(Path("/proc/self/fd").iterdir())
    host.ask("greet")
    list(host.stream("pages", sizes=[5]))
    program = host.ask("start_program")
    host.close()
    assert set(threading.enumerate()) == threads
    assert set(Path("/proc/self/fd").iterdir()) == descriptors
    wait_until_gone(program)  # a program that the driver started goes with it
    with pytest.raises(Problem) as raised:
        host.ask("greet")
    assert code_of(raised) == "device.closed"


@pytest.mark.parametrize("habit", ["greet", "hang", "stop", "busy_in_library"])
def test_the_worker_dies_with_its_parent(habit: str) -> None:
    """Even where the driver hangs: the parent is killed, so nothing of it can tidy up."""
    script = (
        "import sys, threading\nfrom devices.host import Host\nhost = Host('idcard/odd', patience=60)\n"
        "host.ask('count')\nprint(host.pid, flush=True)\n"
        f"host.ask({habit!r})\nthreading.Event().wait()\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE / "odd_drivers")])}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        began = ticks_of(worker)
        while habit == "stop" and state_of(worker) != "T":
            pass
        while habit == "busy_in_library" and ticks_of(worker) < began + 20:
            pass
        parent.kill()
        wait_until_gone(worker)


def state_of(pid: int) -> str:
    """R, S, T …"""
    return _stat(pid)[0]


def ticks_of(pid: int) -> int:
    """How long it has been at work: nothing but a busy loop gets on for long."""
    return int(_stat(pid)[11])


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def test_lost_and_back_are_logged_once_each(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        with pytest.raises(Problem):
            host.ask("unplugged")
    host.ask("greet")
    host.ask("greet")
    assert [record.getMessage() for record in caplog.records] == [
        "idcard/odd was lost: device.unplugged",
        "idcard/odd is back",
    ]


def test_what_a_library_mutters_reaches_the_log_without_a_person(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert host.ask("mutter") == "read"
    end = time.monotonic() + 20
    while "mutters" not in caplog.text:
        assert time.monotonic() < end, "it is not in the log"
    assert "idcard/odd: a library mutters: · · #" in [record.getMessage() for record in caplog.records]
    assert "王小明" not in caplog.text and "19491231" not in caplog.text


def test_an_answer_or_question_above_the_limit_is_a_problem(host: Host) -> None:
    with pytest.raises(Problem) as raised:
        host.ask("echo", text="x" * (16 * 1024 * 1024))
    assert code_of(raised) == "device.too_large"
    assert host.ask("greet") == "您好"
    with pytest.raises(Problem) as raised:
        list(host.stream("pages", sizes=[256 * 1024 * 1024 + 1]))
    assert code_of(raised) == "device.too_large"
    assert host.ask("greet") == "您好"


def test_words_for_logs() -> None:
    assert exit_words(-11) == "signal SIGSEGV"
    assert exit_words(2) == "exit 2"
    assert without_personal("读到 王小明 11010519491231002X ok 42") == "· · # ok 42"
    assert to_json({"a": (1, None, Retry.AGAIN)}) == {"a": [1, None, "again"]}
