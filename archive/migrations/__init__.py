"""How the tables came to be what they are, step by step; run by archive/database.py, never by hand."""
