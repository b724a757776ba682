"""A stand-in for Asterisk's spool, for the demo and rehearsals."""
