"""Measurements: each a ratio against a named peer or limit taken in the same run; `./run bench` lists them."""
