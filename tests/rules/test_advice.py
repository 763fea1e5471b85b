"""What the City's own posts are advised on, and what they are not."""

from __future__ import annotations

import pytest
from builders import a_match, a_post, an_attachment

from rules.advice import CAMPAIGN, advise

SITES = ("kcmo.gov",)


def codes(text: str, *attachments: object, tells: bool = True, matches: tuple[object, ...] = ()) -> list[str]:
    post = a_post(text=text, attachments=attachments)
    return [one.code for one in advise(post, matches, sites=SITES, tells_alternatives=tells)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Vote YES on Question 1 this April",
        "Yes on 2!",
        "Please support the bond measure",
        "We oppose Amendment 3 and so should you: reject the amendment",
        "Re-elect Casey Example for mayor",
        "Our streets need your yes vote",
        "Vota sí el 6 de abril",
        "Vote por Casey Ejemplo",
        "Apoye la medida 2",
    ],
)
def test_words_for_or_against_a_measure_or_candidate(text: str) -> None:
    assert codes(f"{text} kcmo.gov") == [CAMPAIGN]


@pytest.mark.parametrize(
    "text",
    [
        "Polls are open until 7 p.m. on Tuesday. Find your polling place.",
        "Register to vote by March 11",
        "Question 1 asks whether the City shall issue bonds. Read the full text.",
        "The council will vote on the budget on Thursday",
        "Elected officials meet on Monday",
        "Nuestra oficina apoya a las familias",
        "We support small businesses",
    ],
)
def test_information_about_an_election_is_no_campaign(text: str) -> None:
    assert codes(f"{text} https://www.kcmo.gov/vote") == []


def test_a_link_to_the_citys_own_site() -> None:
    assert codes("Leaf collection starts") == ["link"]
    assert codes("Leaf collection: https://example.org/kcmo.gov") == ["link"]
    assert codes("Leaf collection: notkcmo.gov") == ["link"]
    assert codes("Leaf collection: kcmo.gov/leaves.") == []
    assert codes("Leaf collection", an_attachment(kind="link", url="https://data.kcmo.gov/x")) == []
    assert list(advise(a_post(text="x"), (), sites=(), tells_alternatives=True)) == []


def test_credit_and_alternative_text_of_pictures() -> None:
    bare, described = an_attachment(kind="photo", alt=None), an_attachment(kind="photo", alt="A street")
    assert codes("See kcmo.gov", bare) == ["credit", "alternative"]
    assert codes("See kcmo.gov", bare, tells=False) == ["credit"], "nothing is said where the platform does not tell"
    assert codes("Photo by Sam. kcmo.gov", described) == []
    assert codes("Foto: Sam. kcmo.gov", described) == []
    assert codes("See kcmo.gov", an_attachment(kind="video", alt=None)) == []


def test_what_rules_for_residents_meet_is_told_and_what_is_on_trial_is_not() -> None:
    told = (a_match(clause="C9"), a_match(clause="C1"), a_match(clause="C2", shadow=True))
    assert codes("See kcmo.gov", matches=told) == [CAMPAIGN, "C9"]
