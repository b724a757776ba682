"""The page of the list."""
