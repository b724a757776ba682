"""Pages of the administration: users, own password, self-check, audit log, first steps."""
