"""HTTP to office devices that answer on the network: printers (IPP) and scanners (eSCL)."""

from __future__ import annotations

import http.client
import ssl


def connection(
    host: str, port: int, patience: float, *, secure: bool, check_certificate: bool
) -> http.client.HTTPConnection:
    """A connection to a device, not opened yet; `patience` in seconds for each wait.

    Office devices carry certificates that they signed themselves: without `check_certificate` the line is private and
    the name unproved.
    """
    if not secure:
        return http.client.HTTPConnection(host, port, timeout=patience)
    context = ssl.create_default_context()
    if not check_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=patience, context=context)
