"""Tables that come from outside, read within limits and matched with the list."""
