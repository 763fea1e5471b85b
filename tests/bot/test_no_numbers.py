"""No mail carries a valid card or social security number of a comment, in words or in a picture; the archive does."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from city import VIOLATION, City, for_review

from archive import records
from bot.alarms import alarm
from bot.masking import INSTEAD
from bot.promises import ref_of
from bot.review import person, refer, uphold
from connectors.standin.world import Person

if TYPE_CHECKING:
    from email.message import EmailMessage

CARD = "4111 1111 1111 1111"
SSN = "123-45-6789"
NUMBERS = (CARD, SSN, "5500000000000004", "378282246310005")


def mails(city: City) -> list[EmailMessage]:
    files = sorted(city.sink.folder.glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def words(message: EmailMessage) -> str:
    """Everything that can be read in a mail: its headers and all its texts, as a reader sees them."""
    texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(str(value) for value in message.values()), *texts])


def pictures(message: EmailMessage) -> int:
    return sum(part.get_content_maintype() == "image" for part in message.walk())


def test_numbers_leave_by_no_mail_wherever_they_stand(city: City) -> None:
    hidden = city.write("facebook", f"my card is {CARD} and my ssn {SSN}, thanks")
    named = Person(id="7000000300", name="Pat 5500000000000004", handle="pat")
    by_name = city.world.add_comment(city.posts["x"], VIOLATION, author=named)
    sam = Person(id="UCresident00000000000009", name="Sam 378282246310005", handle="sam")
    waits = city.world.add_comment(city.posts["youtube"], for_review(), author=sam)
    city.run()
    with city.parts.database.begin() as tx:
        category = city.parts.rulebook.policy.categories["C3"]
        refer(tx, ref_of(waits), category=category, who="Kim", why=f"see {SSN}", now=city.clock())
        alarm(tx, city.settings, "job", key="a", name=f"look at {CARD}", why=SSN, now=city.clock())
    city.make_digests()
    told = mails(city)
    assert {str(message["Subject"]).partition(" ")[0] for message in told} >= {"Evidence:", "citymod:"}
    for message in told:
        said = re.sub(r"[\s-]", "", words(message))
        for number in NUMBERS:
            assert re.sub(r"[\s-]", "", number) not in said, (message["Subject"], number)
    everything = "\n".join(map(words, told))
    assert everything.count(INSTEAD) > 10
    for comment in (hidden, by_name, waits):
        with city.parts.database.read() as tx:
            kept = records.comment(tx, ref_of(comment))
        assert kept.text == comment.text, "the record is verbatim"
        assert str(ref_of(comment)) in everything, "and the case stays named"


def test_the_picture_of_such_a_comment_stays_in_the_archive_and_the_mail_says_where(city: City) -> None:
    city.write("facebook", f"my card is {CARD}")
    city.run()
    city.make_digests()
    (evidence_mail,) = [message for message in mails(city) if str(message["Subject"]).startswith("Evidence:")]
    (digest,) = [message for message in mails(city) if "digest no." in str(message["Subject"])][-1:]
    assert pictures(evidence_mail) == 0
    assert pictures(digest) == 0
    assert "The picture is not in this mail" in words(evidence_mail)
    assert "citymod evidence open" in words(evidence_mail)
    assert "it shows a card or social security number" in words(digest) or "0 hidden" in str(digest["Subject"])


def test_the_picture_of_an_answer_to_such_a_comment_stays_there_too(city: City) -> None:
    above = city.write("facebook", f"hello, {CARD}")
    city.run()
    answer = city.write("facebook", VIOLATION, parent=above)
    city.run()
    letters = [message for message in mails(city) if str(message["Subject"]).startswith("Evidence:")]
    (about,) = [message for message in letters if str(ref_of(answer)) in words(message)]
    assert pictures(about) == 0
    assert re.sub(r"\D", "", CARD) not in re.sub(r"\D", "", words(about))


def test_pictures_of_what_a_person_finds_sexual_are_not_mailed(city: City) -> None:
    comment = city.write("facebook", for_review())
    city.run()
    with city.parts.database.begin() as tx:
        category = city.parts.rulebook.policy.categories["C4"]
        uphold(tx, ref_of(comment), who="Kim", why="as said", now=city.clock(), category=category)
    city.run()
    (about,) = [message for message in mails(city) if str(message["Subject"]).startswith("Evidence:")]
    assert pictures(about) == 0
    assert "it may show sexual content" in words(about)
    assert person("Kim").name in words(about)
