"""How to talk to platforms: one folder per platform, found by listing, and what all of them share."""
