"""What happened: cases as the fold of their events, and the one function per verb that adds one."""
