"""The ways in which YouTube is awkward, by name: from its reference pages, and what users of the API report.

What rests on reports alone is listed under *Unsure* in README.md. `always`: the stand-in has no other way.
"""

from __future__ import annotations

from typing import Final

from connectors.standin.faults import Pitfall


def _pitfall(name: str, says: str, share: float = 1.0) -> Pitfall:
    return Pitfall(name=name, says=says, share=share)


def _always(name: str, says: str) -> Pitfall:
    return Pitfall(name=name, says=says, always=True)


PITFALLS: Final = (
    _always("few_replies", "at most five replies come with their thread"),
    _always("late_replies", "a new reply does not bring its thread up: threads stand by the time they were begun"),
    _pitfall("short_pages", "a page is shorter than was asked for, and has a next one"),
    _pitfall("empty_pages", "a list of comments begins with a page that has nothing on it but the way to the next"),
    _always("shifting", "page tokens are positions: what is added above meanwhile shifts everything"),
    _pitfall("duplicates", "the last item of a page is also the first of the next"),
    _pitfall("page_lost", "a page token no longer names a page", 0.1),
    _pitfall("newest_reply_first", "replies come in the other order"),
    _pitfall("authors_missing", "some comments say nothing of who wrote them", 0.2),
    _pitfall("no_video", "some threads name no video: they stand on the channel, or under a community post", 0.1),
    _always("edits", "an edit shows only when a comment is read again, by its words and `updatedAt`"),
    _pitfall("held_by_youtube", "YouTube takes some comments for spam at once: only the list of spam has them", 0.1),
    _pitfall("held_by_settings", "the channel's own settings hold some comments for review at once", 0.1),
    _always("no_status_by_id", "the id filter leaves the moderation status out"),
    _always("rejected_for_good", "what was rejected cannot be published again, and `banAuthor` needs a rejection"),
    _pitfall("processing_failure", "some requests fail with 400 processingFailure and work the next time", 0.1),
    _always("foreign", "moderating a comment under somebody else's video fails with 400 processingFailure"),
    _pitfall("comments_off", "comments are switched off under some videos", 0.2),
    _pitfall("made_for_kids", "some videos are made for kids: they have no comments", 0.1),
    _pitfall("members_only", "some videos are for members: their own lists of comments are forbidden", 0.2),
    _pitfall("private", "some videos are private: the counts leave them out", 0.2),
    _always("quota", "units run out, in two buckets, until midnight in California, summer time or not"),
    _pitfall("too_fast", "some requests fail with 403 rateLimitExceeded", 0.05),
    _pitfall("grant_expired", "access is not renewed: 400 invalid_grant"),
    _always("long_addresses", "a request too long for an address comes as a form"),
    _pitfall("images", "some comments come with a picture, under another address at each reading", 0.2),
    _pitfall("gone_before_write", "some authors delete their comment just before we act on it", 0.3),
    _always("all_or_nothing", "a call that moderates several comments fails for all of them if it fails for one"),
    _always("chat", "a chat wants to be asked no sooner than it says, and answers nothing after its stream"),
    _pitfall("counts_lag", "the counts of comments are those of ten minutes ago"),
    _pitfall("counts_low", "the counts of comments are lower than what there is"),
    _pitfall("moderation_lag", "what was moderated shows some seconds later"),
)
