"""Messages as sound: read, trimmed, levelled and stored as Asterisk plays them; and spoken from a text."""
