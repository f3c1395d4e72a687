"""What may be applied for: matters, offerings, the calendar, and the pack made of them."""
