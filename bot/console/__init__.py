"""The console: what people of the City do in a browser. Pages are thin; what they decide goes through bot/review.py."""
