"""A SQLite backend for Django with one gate in front of every transaction."""
