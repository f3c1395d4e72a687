"""Shells: what stands around the pages."""
