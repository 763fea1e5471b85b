"""The nouns (bot.domain, at the bottom) and the shell that joins the parts (everything else, at the top)."""
