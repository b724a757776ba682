"""A service that calls everyone on a list through Asterisk at a set time each day."""
