"""Transports that hand calls over to Asterisk and bring their outcomes back."""
