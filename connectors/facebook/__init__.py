"""A City's Facebook Page: its posts, visitors' posts, and the comments under both."""
