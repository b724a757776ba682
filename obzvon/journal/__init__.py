"""The database: runs, calls, commands, audit. The only package that knows SQLAlchemy."""
