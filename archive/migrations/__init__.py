"""How the tables came to be what they are, step by step; run by archive/database.py, never by hand."""

NEWEST = "0015"
"""The last step in versions/, said here so that nobody need read them all to know that nothing is to be done."""
