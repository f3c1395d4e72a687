"""How bytes travel to a device."""
