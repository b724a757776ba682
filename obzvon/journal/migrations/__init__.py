"""The changes of the journal's tables from version to version, one file each, for Alembic."""
