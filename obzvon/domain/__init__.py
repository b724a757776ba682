"""The rules: phones, the schedule, numbers, pacing, retries, results. Pure: no clock, disk, socket or database."""
