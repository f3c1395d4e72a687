"""Bytes: uploads as they come in, pages as they stay, encrypted on disk."""
