"""How a call gets to Asterisk, and how its outcome comes back."""
