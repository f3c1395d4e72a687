"""What both ends of the wire agree on: types, the life of a case, clocks, form checks, one exchange.

Pure: no files, no network, no SQL, no clock (time comes in as an argument).
"""
