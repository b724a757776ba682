"""Asterisk: call files and the spool, AMI, and the transports over both."""
