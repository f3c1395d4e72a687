"""A bad link that TCP itself feels: two network namespaces joined by a pipe in user space that delays, loses, limits
and resets. Linux only, and needs no root: a user namespace of its own holds both ends, each with a TUN device.

    with BadLink() as link:
        link.run_far(["server …"]); link.run_near(["client …"])     # prefix() for whoever starts programs otherwise
        link.turn(Weather(up=256_000, round_trip=0.6, loss=0.05, reset_every=20))

The far end is 10.9.0.1, the near one 10.9.0.2. Until `turn` the link is as fast as Python can copy.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FAR, NEAR = "10.9.0.1", "10.9.0.2"
TUN = Path("/dev/net/tun")
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_TUN, _SET_FLAGS, _SET_ADDRESS, _SET_MASK = 0x400454CA, 0x8914, 0x8916, 0x891C
_UP_AND_RUNNING = 0x41
_TCP, _RST_OR_SYN, _RST_ACK = 6, 0x06, 0x14


@dataclass(frozen=True)
class Weather:
    """How the link is.

    Attributes:
        up: Bits a second from near to far; 0 is no bound.
        down: Bits a second from far to near.
        round_trip: Seconds that a packet and its answer take without waiting.
        loss: Share of packets lost, each way.
        reset_every: Seconds after which some connection that sends is reset at both ends; 0 is never.
        queue: Bytes that wait before the bottleneck; what comes when it is full is lost.
        seed: Of all that is random.
    """

    up: int = 0
    down: int = 0
    round_trip: float = 0.0
    loss: float = 0.0
    reset_every: float = 0.0
    queue: int = 64 << 10
    seed: int = 1

    def capacity(self) -> float:
        """Payload bits a second that could arrive: what is not lost, less the headers of full packets."""
        return self.up * (1 - self.loss) * 1448 / 1500


@dataclass
class Passed:
    """What the link has seen."""

    up_bytes: int = 0
    up_payload: int = 0  # of TCP, delivered
    lost: int = 0
    overflowed: int = 0
    resets: int = 0
    late: float = 0.0  # seconds that a packet was let go too late at most: this machine had no time for us


class BadLink:
    """The two namespaces and the process between them; they end with the ``with`` block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pids = {"far": 0, "near": 0}

    def __enter__(self) -> BadLink:
        command = [sys.executable, "-m", "tests.fakes.bad_link"]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._pids = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.wait(20)
        process.stdout.close()

    def turn(self, weather: Weather) -> None:
        """Change the weather; what is counted begins anew."""
        self._say({"turn": asdict(weather)})
        self._read()

    def passed(self) -> Passed:
        """What went through since the weather changed."""
        self._say({"tell": True})
        return Passed(**self._read())

    def prefix(self, end: str) -> list[str]:
        """The words that start a program at one end, ``near`` or ``far``."""
        inside = ["--user", "--net", "--preserve-credentials"]
        return ["nsenter", "--target", str(self._pids[end]), *inside, "--"]

    def _say(self, said: dict[str, object]) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the link did not come up: are user namespaces and /dev/net/tun there?")
        return dict(json.loads(line))


# --- the process between ----------------------------------------------------------------------------------------------


def main() -> None:
    """Make both ends, say who holds them, and pass packets until standard input ends."""
    _into_own_namespaces()
    far = _open_tun(FAR)
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    holder = os.fork()
    if not holder:
        _hold_near_end(ours, theirs)
    theirs.close()
    _, passed, _, _ = ours.recvmsg(1, socket.CMSG_LEN(4))
    near = array.array("i", passed[0][2])[0]
    print(json.dumps({"far": os.getpid(), "near": holder}), flush=True)
    try:
        _Pipe(near, far).run()
    finally:
        ours.close()  # lets the holder end
        os.waitpid(holder, 0)


def _into_own_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    _unshare(_NEW_USER | _NEW_NET)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _hold_near_end(ours: socket.socket, theirs: socket.socket) -> None:
    """The child: a namespace lives as long as somebody is in it."""
    status = 1
    try:
        ours.close()
        _unshare(_NEW_NET)
        tun = _open_tun(NEAR)
        theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [tun]))])
        theirs.recv(1)
        status = 0
    finally:
        os._exit(status)


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _open_tun(address: str) -> int:
    """A TUN device with this address, up; loopback too. TCP is as most desks have it, whatever this kernel prefers."""
    for name in ("cubic", "reno"):
        with contextlib.suppress(OSError):  # which of them we may choose is the machine's to say
            Path("/proc/sys/net/ipv4/tcp_congestion_control").write_text(name)
            break
    tun = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, _SET_TUN, struct.pack("16sH", b"line", 0x1001))  # packets without a header before them
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, value in ((_SET_ADDRESS, address), (_SET_MASK, "255.255.255.0")):
            inet = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(control, request, struct.pack("16s16s8x", b"line", inet))
        for name in (b"line", b"lo"):
            fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH22x", name, _UP_AND_RUNNING))
    return tun


class _Pipe:
    """Packets between two devices, each when its time has come."""

    def __init__(self, near: int, far: int) -> None:
        self.near, self.far = near, far
        self.weather = Weather()
        self.passed = Passed()
        self.chance = random.Random(1)
        self.free_at = {near: 0.0, far: 0.0}  # when the bottleneck will have sent all that it took
        self.under_way: list[tuple[float, int, int, bytes]] = []
        self.count = 0
        self.next_reset = 0.0

    def run(self) -> None:
        commands = b""
        while True:
            wait = max(0.0, self.under_way[0][0] - time.monotonic()) if self.under_way else None
            for ready in select.select([self.near, self.far, 0], [], [], wait)[0]:
                if ready:
                    self._take(ready)
                    continue
                said = os.read(0, 65536)
                if not said:
                    return
                *whole, commands = (commands + said).split(b"\n")
                for line in whole:
                    self._obey(json.loads(line))
            self._let_go(time.monotonic())

    def _obey(self, said: dict[str, dict[str, int]]) -> None:
        if "turn" in said:
            self.weather, self.passed = Weather(**said["turn"]), Passed()
            self.chance = random.Random(self.weather.seed)
            self.next_reset = time.monotonic() + self.weather.reset_every
            print("{}", flush=True)
        else:
            print(json.dumps(asdict(self.passed)), flush=True)

    def _take(self, end: int) -> None:
        for _ in range(64):
            try:
                packet = os.read(end, 65536)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4:
                self._carry(end, packet, time.monotonic())

    def _carry(self, end: int, packet: bytes, now: float) -> None:
        weather, is_up = self.weather, end == self.near
        other = self.far if is_up else self.near
        if is_up and weather.reset_every and now >= self.next_reset and _is_data(packet):
            back, on = _resets(packet)
            self._send(now, self.near, back)
            self._send(max(now, self.free_at[end]) + weather.round_trip / 2, self.far, on)
            self.passed.resets += 1
            self.next_reset = now + weather.reset_every
            return
        rate = weather.up if is_up else weather.down
        leaves = now
        if rate:
            waits = max(0.0, self.free_at[end] - now)
            if waits * rate / 8 + len(packet) > weather.queue:
                self.passed.overflowed += 1
                return
            leaves = self.free_at[end] = now + waits + len(packet) * 8 / rate
        self.passed.up_bytes += len(packet) if is_up else 0
        if self.chance.random() < weather.loss:
            self.passed.lost += 1
            return
        self.passed.up_payload += _payload(packet) if is_up else 0
        self._send(leaves + weather.round_trip / 2, other, packet)

    def _send(self, at: float, end: int, packet: bytes) -> None:
        self.count += 1
        heapq.heappush(self.under_way, (at, self.count, end, packet))

    def _let_go(self, now: float) -> None:
        while self.under_way and self.under_way[0][0] <= now:
            at, _, end, packet = heapq.heappop(self.under_way)
            self.passed.late = max(self.passed.late, now - at)
            try:
                os.write(end, packet)
            except OSError:
                self.passed.overflowed += 1


def _payload(packet: bytes) -> int:
    """Bytes of TCP payload in an IPv4 packet (RFC 791, RFC 9293)."""
    if packet[9] != _TCP:
        return 0
    head = (packet[0] & 15) * 4
    return int.from_bytes(packet[2:4], "big") - head - (packet[head + 12] >> 4) * 4


def _is_data(packet: bytes) -> bool:
    return _payload(packet) > 200 and not packet[(packet[0] & 15) * 4 + 13] & _RST_OR_SYN


def _resets(packet: bytes) -> tuple[bytes, bytes]:
    """A reset for the sender of this packet, and one for its receiver, each as if from the other."""
    head = (packet[0] & 15) * 4
    source, target = packet[12:16], packet[16:20]
    source_port, target_port, seq, ack = struct.unpack_from("!HHII", packet, head)
    following = (seq + _payload(packet)) & 0xFFFFFFFF
    return (
        _reset(target, source, target_port, source_port, ack, following),
        _reset(source, target, source_port, target_port, seq, ack),
    )


def _reset(source: bytes, target: bytes, source_port: int, target_port: int, seq: int, ack: int) -> bytes:
    tcp = struct.pack("!HHIIBBHHH", source_port, target_port, seq, ack, 5 << 4, _RST_ACK, 0, 0, 0)
    sum_ = _checksum(source + target + struct.pack("!BBH", 0, _TCP, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", sum_) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, _TCP, 0, source, target)
    return ip[:10] + struct.pack("!H", _checksum(ip)) + ip[12:] + tcp


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def is_possible() -> bool:
    """Whether this machine can make such a link: tried, because no setting says it."""
    trial = (
        "from tests.fakes.bad_link import FAR, _into_own_namespaces, _open_tun\n_into_own_namespaces(); _open_tun(FAR)"
    )
    root = Path(__file__).parents[2]
    return (
        sys.platform == "linux"
        and TUN.exists()
        and subprocess.run([sys.executable, "-c", trial], cwd=root, capture_output=True, check=False).returncode == 0
    )


if __name__ == "__main__":
    main()
