"""Users, password, checks, audit, first steps."""
