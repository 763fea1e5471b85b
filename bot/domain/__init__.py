"""The nouns and the decisions. Pure: no input or output, no clock, no logging, no import of ours from outside."""
