"""The rule packs that come with the program; data, and inert until approved."""
