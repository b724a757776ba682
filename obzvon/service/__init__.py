"""The service: the loop, the dialer, the hand-over."""
