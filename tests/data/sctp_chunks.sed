# The names of chunk types (RFC 9260, 3.2).
s/^0$/DATA/
s/^1$/INIT/
s/^2$/INIT ACK/
s/^6$/ABORT/
s/^7$/SHUTDOWN/
s/^8$/SHUTDOWN ACK/
s/^9$/ERROR/
s/^10$/COOKIE ECHO/
s/^11$/COOKIE ACK/
s/^14$/SHUTDOWN COMPLETE/
