"""The page of the schedule."""
