"""Snapchat: staff look, staff act; there is no API for comments, and its terms bar programs."""
