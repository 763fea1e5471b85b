"""What the text says against what the policy says: pure functions from words to matches."""
