"""The operator's editor."""
