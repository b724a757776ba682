"""Reports for people and programs: the status, the next run, a day's calls, the list."""
