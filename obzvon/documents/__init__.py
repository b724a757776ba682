"""The operator's JSON files: read, saved, watched, undone."""
