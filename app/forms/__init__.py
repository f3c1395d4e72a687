"""Filling forms from what is known already."""
