"""Tells a comment's author what was done: by a private reply where Facebook lets a Page write one, else in public.

Meta's two limits ("Private Replies", Messenger Platform): one private reply for each comment, and only within seven
days of it. Neither kind can be sent twice by asking twice for the same: see `connectors.contract.Notifies`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from connectors.contract import Malformed, Refused
from connectors.facebook import parse
from connectors.graph_errors import NotPermitted

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.types import Account, Ref
    from connectors.graph import Answer, Graph

PRIVATE_FOR = timedelta(days=7)
_FIELDS = f"{parse.COMMENT_FIELDS},can_comment,can_reply_privately,private_reply_conversation"


class How(StrEnum):
    """In which way authors are told. EITHER: privately, and where that is not possible in public."""

    PRIVATE = "private"
    PUBLIC = "public"
    EITHER = "either"


class Notices:
    """Writes to those who commented on one Page."""

    def __init__(self, graph: Graph, account: Account, how: How) -> None:
        """Take the Page, the way to it, and the way in which authors are told."""
        self._graph = graph
        self._account = account
        self._how = how

    def tell(self, ref: Ref, text: str, now: datetime) -> str:
        """Tell the author of a comment; give the identifier of the message or reply.

        Raises Refused where neither is possible. Somebody who was told privately is not told again in public.
        """
        answer = self._graph.get(ref.item, now=now, fields=_FIELDS)
        if answer.value.get("private_reply_conversation"):
            message = "the author has been written to about this comment; Facebook allows it once"
            raise Refused(message)
        why = "notices are set to public replies"
        if self._how is not How.PUBLIC:
            why = self._why_not_private(answer, now)
            if not why:
                try:
                    return self._privately(ref, text, now)
                except (NotPermitted, Refused) as refused:
                    why = str(refused)
        if self._how is How.PRIVATE:
            message = f"no private reply is possible: {why}"
            raise Refused(message)
        if answer.value.get("can_comment") is False:
            message = f"no reply is possible (can_comment), and no private one: {why}"
            raise Refused(message)
        return _made(self._graph.send(ref.item, "comments", now=now, message=text), "id")

    def _why_not_private(self, answer: Answer, now: datetime) -> str:
        if now - parse.comment(answer.value, answer.body, self._account).posted_at > PRIVATE_FOR:
            return f"the comment is older than {PRIVATE_FOR.days} days"
        if answer.value.get("can_reply_privately") is False:
            return "Facebook says that the Page cannot write to this author (can_reply_privately)"
        return ""

    def _privately(self, ref: Ref, text: str, now: datetime) -> str:
        recipient, message = json.dumps({"comment_id": ref.item}), json.dumps({"text": text})
        sent = self._graph.send(self._account.id, "messages", now=now, recipient=recipient, message=message)
        return _made(sent, "message_id")


def _made(answer: Answer, name: str) -> str:
    ident = answer.value.get(name)
    if not isinstance(ident, str):
        message = f"the answer does not name what was sent ({name})"
        raise Malformed(message, payload=answer.body)
    return ident
