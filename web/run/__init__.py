"""The pages of the run."""
