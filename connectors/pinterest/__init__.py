"""Pinterest: staff look, staff act; there is no API for comments."""
