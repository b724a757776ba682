"""The earlier versions of the list and the schedule."""
