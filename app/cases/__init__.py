"""Cases (办件) after they were taken in: acts on them, and the lists in which they are found."""
