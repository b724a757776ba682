"""settings.ini: read, checked, shown."""
