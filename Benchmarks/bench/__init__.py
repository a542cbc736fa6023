"""What `scripts/bench` runs: the release build, measured on this machine over real sockets. Its tests lie in `tests`, and need no
server.

A part of the measurement is a function of one of the modules below that prints its tables through `report`. Names of parts are
in `command`.
"""
