"""Logging in, rate limits, CSRF."""
