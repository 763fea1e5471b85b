"""How the stand-in lets a Page write to those who commented: a public reply, or one private message.

From the Messenger Platform guides ("Private Replies"): one message for each comment, within seven days, never to a
Page. The codes of the refusals are those of the older private_replies edge (unsure whether they still hold).
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.standin.graph import Trouble, no_such_object

if TYPE_CHECKING:
    from connectors.facebook.standin import StandIn
    from connectors.standin.graph import Call
    from connectors.standin.world import WorldAccount, WorldComment

PRIVATE_FOR = timedelta(days=7)


def can_tell(standin: StandIn, comment: WorldComment) -> bool:
    """Whether a private reply may be written."""
    own = comment.author is None or comment.author.id == comment.account.id
    fresh = standin.world.clock() - comment.at <= PRIVATE_FOR
    return fresh and not own and comment.id not in standin.private


def write_privately(standin: StandIn, account: WorldAccount, call: Call) -> object:
    """Answer ``POST /{page}/messages`` with a comment as its recipient. Raises Trouble."""
    if "pages_messaging" in standin.quirks.lacks:
        message = "(#200) Requires pages_messaging permission to manage the object"
        raise Trouble(message, 200, status=403)
    try:
        ident, text = json.loads(call.params["recipient"])["comment_id"], json.loads(call.params["message"])["text"]
    except (KeyError, ValueError, TypeError):
        message = "(#100) The parameter recipient is required"
        raise Trouble(message, 100) from None
    comment = standin.world.comments.get((standin.platform, ident))
    if comment is None or comment.account is not account or standin.gone(comment):
        raise no_such_object(call.method, ident)
    if comment.id in standin.private:
        message = "(#10900) Activity already replied to"
        raise Trouble(message, 10900)
    if not can_tell(standin, comment):
        message = "(#10903) This user cant reply to this activity"
        raise Trouble(message, 10903)
    standin.private[comment.id] = text
    return {"recipient_id": "70000000000001", "message_id": f"m_{comment.id}"}


def reply(standin: StandIn, comment: WorldComment, call: Call) -> object:
    """Answer ``POST /{comment}/comments``; a reply to a reply stands under the first comment. Raises Trouble."""
    if not call.params.get("message"):
        message = "(#100) The parameter message is required"
        raise Trouble(message, 100)
    parent = comment.parent or comment
    made = standin.world.add_comment(comment.post, call.params["message"], author=comment.account.person, parent=parent)
    return {"id": made.id}
