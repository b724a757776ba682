"""Asterisk's manager interface. The only package that knows panoramisk."""
