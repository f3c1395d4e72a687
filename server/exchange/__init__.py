"""Talk with stations: enrolment, sessions, rounds, feeds."""
