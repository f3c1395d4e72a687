"""The people at the desk: clerks who sign in, citizens whose cards are read."""
