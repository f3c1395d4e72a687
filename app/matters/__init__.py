"""What may be applied for: the catalogue of the newest pack, and finding a matter in it."""
