"""X (formerly Twitter): the City's replies are read, hidden and shown again through API v2."""
