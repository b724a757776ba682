"""settings.ini: load, check and show it."""
