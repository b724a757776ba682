"""What people and programs are shown: the status, the next run, a day's calls."""
