"""How YouTube says no: its words for the reason, with the status, the domain and the text it sends with each."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from connectors.standin.server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reason(StrEnum):
    """YouTube's words: https://developers.google.com/youtube/v3/docs/errors."""

    AUTH_ERROR = "authError"
    BAN_WITHOUT_REJECT = "banWithoutReject"
    CHANNEL_NOT_FOUND = "channelNotFound"
    COMMENT_NOT_FOUND = "commentNotFound"
    COMMENT_TEXT_REQUIRED = "commentTextRequired"
    COMMENT_TEXT_TOO_LONG = "commentTextTooLong"
    COMMENTS_DISABLED = "commentsDisabled"
    FORBIDDEN = "forbidden"
    INCOMPATIBLE_PARAMETERS = "incompatibleParameters"
    INSUFFICIENT_PERMISSIONS = "insufficientPermissions"
    INVALID_PAGE_TOKEN = "invalidPageToken"  # noqa: S105  a place in a list, not a secret
    INVALID_PARAMETER = "invalidParameter"
    LIVE_CHAT_DISABLED = "liveChatDisabled"
    LIVE_CHAT_ENDED = "liveChatEnded"
    LIVE_CHAT_MESSAGE_NOT_FOUND = "liveChatMessageNotFound"
    LIVE_CHAT_NOT_FOUND = "liveChatNotFound"
    MISSING_REQUIRED_PARAMETER = "missingRequiredParameter"
    NOT_FOUND = "notFound"
    OPERATION_NOT_SUPPORTED = "operationNotSupported"
    PARENT_COMMENT_IS_PRIVATE = "parentCommentIsPrivate"
    PARENT_COMMENT_NOT_FOUND = "parentCommentNotFound"
    PARENT_ID_MISSING = "parentIdMissing"
    PLAYLIST_NOT_FOUND = "playlistNotFound"
    PROCESSING_FAILURE = "processingFailure"
    QUOTA_EXCEEDED = "quotaExceeded"
    RATE_LIMIT_EXCEEDED = "rateLimitExceeded"
    REQUIRED = "required"
    UNEXPECTED_PARAMETER = "unexpectedParameter"
    VIDEO_NOT_FOUND = "videoNotFound"


class No(Exception):
    """The stand-in's answer is an error."""

    def __init__(self, reason: Reason) -> None:
        """Take YouTube's word for it."""
        super().__init__(reason)
        self.reason = reason


def error(reason: Reason) -> Response:
    """The answer that says no."""
    status, domain, message = _ERRORS[reason]
    told = {"message": message, "domain": domain, "reason": reason}
    return answer({"error": {"code": status, "message": message, "errors": [told]}}, status=status)


def answer(payload: object, *, status: int = 200) -> Response:
    """Write JSON as Google does: indented, in UTF-8, with only what could be mistaken for markup escaped."""
    text = json.dumps(payload, indent=2, ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Response(status=status, body=text.encode(), headers={"content-type": "application/json; charset=UTF-8"})


_ERRORS: Mapping[Reason, tuple[int, str, str]] = {
    Reason.AUTH_ERROR: (401, "global", "Invalid Credentials"),
    Reason.BAN_WITHOUT_REJECT: (
        400,
        "youtube.comment",
        (
            "The <code>banAuthor</code> parameter may only be used if the <code>moderationStatus</code> "
            "parameter value is <code>rejected</code>."
        ),
    ),
    Reason.CHANNEL_NOT_FOUND: (404, "youtube.commentThread", "The channel specified in the request cannot be found."),
    Reason.COMMENT_NOT_FOUND: (404, "youtube.comment", "One or more of the specified comments cannot be found."),
    Reason.COMMENTS_DISABLED: (
        403,
        "youtube.commentThread",
        (
            "The video identified by the <code><a "
            'href="/youtube/v3/docs/commentThreads/list#videoId">videoId</a></code> parameter has disabled '
            "comments."
        ),
    ),
    Reason.FORBIDDEN: (
        403,
        "youtube.comment",
        (
            "One or more of the comments cannot be reached due to insufficient permissions. The request "
            "might not be properly authorized."
        ),
    ),
    Reason.INCOMPATIBLE_PARAMETERS: (400, "youtube.parameter", "Incompatible parameters specified in the request."),
    Reason.INSUFFICIENT_PERMISSIONS: (403, "global", "Insufficient Permission: Request had insufficient permissions."),
    Reason.INVALID_PAGE_TOKEN: (400, "youtube.parameter", "The request specifies an invalid page token."),
    Reason.INVALID_PARAMETER: (400, "youtube.parameter", "A parameter has an invalid value."),
    Reason.LIVE_CHAT_DISABLED: (403, "youtube.liveChat", "Live chat is not enabled for the specified broadcast."),
    Reason.LIVE_CHAT_ENDED: (403, "youtube.liveChat", "The live chat is no longer live."),
    Reason.LIVE_CHAT_MESSAGE_NOT_FOUND: (404, "youtube.liveChatMessage", "The live chat message is not found."),
    Reason.LIVE_CHAT_NOT_FOUND: (404, "youtube.liveChat", "The live chat that you are looking for is not found."),
    Reason.MISSING_REQUIRED_PARAMETER: (400, "youtube.parameter", "The request is missing a required parameter."),
    Reason.NOT_FOUND: (404, "global", "Not Found"),
    Reason.OPERATION_NOT_SUPPORTED: (400, "youtube.comment", "This operation is not supported for the comment."),
    Reason.COMMENT_TEXT_REQUIRED: (400, "youtube.comment", "The comment has no text."),
    Reason.COMMENT_TEXT_TOO_LONG: (400, "youtube.comment", "The comment has more characters than are allowed."),
    Reason.PARENT_COMMENT_IS_PRIVATE: (400, "youtube.comment", "The parent comment is private."),
    Reason.PARENT_COMMENT_NOT_FOUND: (404, "youtube.comment", "The parent comment cannot be found."),
    Reason.PARENT_ID_MISSING: (400, "youtube.comment", "The comment names no parent."),
    Reason.PLAYLIST_NOT_FOUND: (404, "youtube.playlistItem", "The playlist identified by the request cannot be found."),
    Reason.PROCESSING_FAILURE: (
        400,
        "youtube.commentThread",
        (
            "The API server failed to successfully process the request. While this can be a transient error,"
            " it usually indicates that the request's input is invalid. Check the structure of the "
            "<code>commentThread</code> resource in the request body to ensure that it is valid."
        ),
    ),
    Reason.QUOTA_EXCEEDED: (
        403,
        "youtube.quota",
        (
            'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-'
            'started#quota">quota</a>.'
        ),
    ),
    Reason.RATE_LIMIT_EXCEEDED: (403, "usageLimits", "Rate Limit Exceeded"),
    Reason.REQUIRED: (401, "global", "Login Required."),
    Reason.UNEXPECTED_PARAMETER: (400, "youtube.parameter", "The request contains an unexpected parameter."),
    Reason.VIDEO_NOT_FOUND: (404, "youtube.commentThread", "The video specified in the request cannot be found."),
}
