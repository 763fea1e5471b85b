"""A little world of City pages, and what every platform's stand-in is built on. Used by the demo and by tests alone."""
