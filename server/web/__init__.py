"""Pages for officers, and the public progress page."""
