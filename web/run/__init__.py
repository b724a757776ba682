"""The page of the run."""
