"""Bluesky: replies under the City's posts, hidden through the thread's own threadgate record."""
