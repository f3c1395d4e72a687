"""Lets a worker started with this folder on PYTHONPATH find the driver in it as ``idcard/odd``."""

from pathlib import Path

import devices.idcard.drivers

devices.idcard.drivers.__path__.append(str(Path(__file__).parent))
