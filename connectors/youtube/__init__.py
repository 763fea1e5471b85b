"""YouTube: comments under a channel's videos are read, held for review, published again or rejected through API v3."""
