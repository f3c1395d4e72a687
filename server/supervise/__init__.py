"""Time: what happens because nobody did anything."""
