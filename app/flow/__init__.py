"""The intake: steps and what follows what. Counter and kiosk share it."""
