"""A case's pages over a village's line: 256 kbit/s up, 600 ms there and back, 5 % lost each way, a reset every 20 s.

Both ends are the real programs over TLS: the counter's courier, and the acceptance server in a namespace behind the
link. Linux only (see tests/fakes/bad_link.py); without TUN devices it says so.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks._report import Ratio, parser, report
from tests.fakes.bad_link import FAR, BadLink, Passed, Weather, is_possible
from tests.fakes.serving import ServerProcess
from tests.fakes.window import NODE

VILLAGE = Weather(up=256_000, down=1_000_000, round_trip=0.6, loss=0.05, reset_every=20.0)
PORT = 8443
PATIENCE = 400.0  # seconds after which an upload counts as never done
PUT = """
import http.server, ssl, sys
class Put(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"])); self.send_response(204); self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("10.9.0.1", 8444), Put)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(*sys.argv[1:])
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True); server.serve_forever()
"""


def main() -> int:
    arguments = parser("upload-bad-line", __doc__ or "")
    arguments.add_argument(
        "--seeds", type=int, default=9, help="how often, each time with other losses: one says little (9)"
    )
    arguments.add_argument("--peer-seeds", type=int, default=3, help="how often tuspy, which takes twice as long (3)")
    arguments.add_argument("--ours", action="store_true", help="no peers")
    arguments.add_argument("--quick", action="store_true", help="one seed, no peers")
    arguments.add_argument("--curl", action="store_true", help="curl -T with retries too; it takes its time to fail")
    given = arguments.parse_args()
    if not is_possible():
        print("This machine has no TUN devices or no user namespaces for us: the link cannot be made.")
        return 0
    seeds = range(1, 2 if given.quick else given.seeds + 1)
    peer_seeds = range(1, 1 if given.quick or given.ours else given.peer_seeds + 1)
    with tempfile.TemporaryDirectory() as place, BadLink() as link:
        folder = Path(place)
        chain, key = _certificate(folder)
        server = ServerProcess(
            folder / "server",
            prefix=link.prefix("far"),
            arguments=["--host", FAR, "--cert", str(chain), "--key", str(key)],
            settings={"TONGBAN_PUBLIC_URL": f"https://{FAR}:{PORT}"},
        )
        server.folder.mkdir()
        server.start(PORT)
        try:
            ours = [_play("ours", link, server, chain, seed) for seed in seeds]
            tuspy = [_play("tuspy", link, server, chain, seed) for seed in peer_seeds]
            curl = _curl(link, chain, key) if given.curl and shutil.which("curl") else None
        finally:
            server.stop()
    return report("upload-bad-line", _ratios(ours, tuspy, curl), as_json=given.json, extra={"runs": [*ours, *tuspy]})


def _ratios(ours: list[dict[str, Any]], tuspy: list[dict[str, Any]], curl: float | None) -> list[Ratio]:
    capacity = VILLAGE.capacity() / 1000
    mine = statistics.median(_kbit(run) for run in ours)
    again = [count for run in ours for count in run["again"]]
    resets = sum(run["passed"]["resets"] for run in ours)
    ratios = [
        Ratio(
            f"pages over the line, share of its capacity, median of {len(ours)}",
            mine / capacity,
            0.90,
            "higher",
            f"{capacity:.0f} kbit/s of payload",
            f"{', '.join(f'{_kbit(run):.0f}' for run in ours)} kbit/s; with the acts before and the matching after: "
            + ", ".join(f"{run['with_rounds']:.0f} s" for run in ours)
            + f"; the link itself late by at most {max(run['passed']['late'] for run in ours) * 1000:.0f} ms",
        ),
        Ratio(
            "most KiB given to a socket again after a cut",
            max(again, default=0) / 1024,
            64,
            "lower",
            "per stream",
            f"{len(again)} cuts under way, {resets} resets; each: {', '.join(f'{n / 1024:.0f}' for n in again)}",
        ),
    ]
    if tuspy:
        theirs = statistics.median(_kbit(run) for run in tuspy)
        each = ", ".join(f"{_kbit(run):.0f}" for run in tuspy)
        ratios.append(
            Ratio("the same, against tuspy", mine / theirs if theirs else float("inf"), 1.9, "higher", "tuspy", each)
        )
    if curl is not None:
        ratios.append(
            Ratio(
                "the same, against curl -T", mine / curl if curl else float("inf"), 1.9, "higher", "curl with retries"
            )
        )
    return ratios


def _kbit(run: dict[str, Any]) -> float:
    return run["bytes"] * 8 / run["seconds"] / 1000 if run["done"] else 0.0


def _play(who: str, link: BadLink, server: ServerProcess, chain: Path, seed: int) -> dict[str, Any]:
    """One case over the line in bad weather; what came of it."""
    link.turn(Weather())
    words = [sys.executable, "-m", "benchmarks._bad_line_client"]
    process = subprocess.Popen(
        [*link.prefix("near"), *words, who, server.url, str(chain), server.code(NODE), str(PATIENCE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    ready = json.loads(process.stdout.readline())
    link.turn(Weather(**{**VILLAGE.__dict__, "seed": seed}))
    process.stdin.write("go\n")
    process.stdin.flush()
    came = json.loads(process.stdout.readline())
    passed: Passed = link.passed()
    process.stdin.close()
    process.stdout.close()
    link.turn(Weather())
    process.wait(60)
    print(f"{who}, seed {seed}: {came} {passed}", file=sys.stderr, flush=True)
    return {"who": who, "seed": seed, **ready, **came, "passed": passed.__dict__}


def _curl(link: BadLink, chain: Path, key: Path) -> float:
    """Kilobits a second of the five files by PUT; 0 where it did not come to an end in three times the line's time."""
    link.turn(Weather())
    put = subprocess.Popen(
        [*link.prefix("far"), sys.executable, "-c", PUT, str(chain), str(key)], stdout=subprocess.PIPE
    )
    assert put.stdout is not None
    put.stdout.readline()
    link.turn(VILLAGE)
    limit = 3 * 1_500_000 * 8 / VILLAGE.capacity()
    again = ["--retry", "1000", "--retry-all-errors", "--retry-delay", "1", "--max-time", str(limit)]
    command = ["curl", "-sf", "--cacert", str(chain), *again, "-T", "-", f"https://{FAR}:8444/all"]
    body = chain.with_name("all")
    body.write_bytes(bytes(1_500_000))
    command[command.index("-T") + 1] = str(body)
    began = datetime.now(UTC)
    try:
        done = subprocess.run([*link.prefix("near"), *command], timeout=limit + 10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        done = False
    put.kill()
    put.wait()
    put.stdout.close()
    return 1_500_000 * 8 / (datetime.now(UTC) - began).total_seconds() / 1000 if done else 0.0


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of the far end's own making, and its key."""
    import ipaddress

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, FAR)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(FAR))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, key


if __name__ == "__main__":
    sys.exit(main())
