"""Nextdoor: read through the partner API where the City has it, acted on by staff."""
