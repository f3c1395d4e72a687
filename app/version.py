"""Which Tongban this is. The same as in pyproject.toml; a test compares."""

VERSION = "0.1.0"
