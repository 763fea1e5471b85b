"""What the stand-in shows to anybody without a token: the page that a permalink opens, and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.facebook.standin_show import above, own_part
from connectors.standin import page
from connectors.standin.server import Response

if TYPE_CHECKING:
    from connectors.facebook.standin import StandIn
    from connectors.standin.server import Request

_MEDIA = "/media/"
_PIXEL = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f"
    b"\0\5\0\1\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82"
)


def is_asked(request: Request) -> bool:
    """Whether it is no call: ``/{handle}/posts/{post}`` or a picture. Graph's own paths have neither in them."""
    parts = request.path.strip("/").split("/")
    is_page = len(parts) == 3 and parts[1] == "posts"  # noqa: PLR2004  three parts
    return request.method == "GET" and (is_page or request.path.startswith(_MEDIA))


def answer(standin: StandIn, request: Request) -> Response:
    """What anybody sees. A linked comment that is hidden or deleted is not on the page (unsure: or no page is)."""
    if request.path.startswith(_MEDIA):
        return _picture(standin)
    handle, _, ident = request.path.strip("/").split("/")
    mine = [post for each in standin.accounts() if each.handle == handle for post in standin.world.posts_of(each)]
    post = next((post for post in mine if own_part(post.id) == ident and not post.deleted_by), None)
    if post is None:
        return Response.page(page.not_available(standin.platform), status=404)
    shown = [
        comment
        for comment in standin.world.under(post)
        if comment.public and all(other.public for other in above(comment))
    ]
    named = request.one("reply_comment_id") or request.one("comment_id")
    linked = next((comment for comment in shown if own_part(comment.id) == named), None)
    return Response.page(page.render(standin.platform, post, shown, linked))


def _picture(standin: StandIn) -> Response:
    """A picture as Facebook's own hosts serve it, for as long as the seal in its address holds."""
    if standin.pitfalls.strikes("media_down"):
        return Response(status=503, body=b"", headers={"content-type": "text/plain"})
    if standin.pitfalls.strikes("media_expired"):
        return Response(status=403, body=b"URL signature expired", headers={"content-type": "text/plain"})
    return Response(status=200, body=_PIXEL, headers={"content-type": "image/png"})
