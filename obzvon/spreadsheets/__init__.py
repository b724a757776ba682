"""Spreadsheet files: read within limits, matched with the list, written."""
