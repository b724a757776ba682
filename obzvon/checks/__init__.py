"""Self-check by subject: each check looks at one thing and yields findings, good and bad."""
