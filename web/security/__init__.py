"""Login, rate limits, protection against forged requests."""
