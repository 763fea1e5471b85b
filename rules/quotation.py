"""Tells whether words of a comment are somebody else's: put in quotation marks, or reported ("he called me a …").

Who repeats an insult to complain of it has not insulted anybody. Whether that is so, only a person can tell: anybody
may put a slur in quotation marks. So this never clears a match; a rule that would act asks a person instead.
"""

from __future__ import annotations

import re

WHY = "The words are quoted or reported, so a person decides."

_NEAR = 80  # characters in which a report begins before the words, or ends after them
_FAR = 1000  # characters to either side in which a quotation begins and ends
_QUOTED = re.compile(
    # A straight mark opens after a space and closes before one, as an apostrophe or a mark for inches does not.
    r"""(?<!\w)"(?=\S)[^"\n\r]*"|“[^“”\n\r]*[”"]|„[^„“”\n\r]*[“”"]|«[^«»\n\r]*»|‹[^‹›\n\r]*›|「[^「」\n\r]*」"""
    r"""|(?<!\w)'(?=\S)[^\n\r]*?\S'(?!\w)|(?<!\w)‘[^\n\r]*?’(?!\w)"""
)
_ENDS = re.compile(r"[.!?…][\"'”’»)]*\s|[\n\r]")  # of a sentence, not of an abbreviated name or a number

_TELLS = (
    r"(?:called|calls|calling|told|tells|telling|said|says|saying|wrote|writes|written|writing|yell(?:s|ed|ing)?"
    r"|shout(?:s|ed|ing)?|scream(?:s|ed|ing)?|text(?:s|ed|ing)|messag(?:es|ed|ing)|comment(?:s|ed)|post(?:s|ed)"
    r"|send(?:s|ing)?|sent|spray[ -]?paint(?:ed|s)|paint(?:ed|s)|scrawl(?:ed|s)|scratched|carved|whisper(?:s|ed)"
    r"|hiss(?:es|ed)|mutter(?:s|ed)|chant(?:s|ed|ing)|threaten(?:s|ed)|nam(?:es|ed)|nicknamed|label(?:s|l?ed)"
    r"|repl(?:ies|ied)|answer(?:s|ed)|emailed|hurl(?:s|ed)|goes)"
)
_OTHERS = (
    r"(?:he|she|they|it|someone|somebody|some|people|kids?|guys?|man|men|woman|women|boys?|girls?|lady|neighbou?rs?"
    r"|officers?|cops?|drivers?|boss|teachers?|students?|workers?|clerk|landlord|ex|husband|wife|brother|mayor|who"
    r"|that|which|note|letter|sign|message|caller|graffiti|e-?mail|text|voicemail|troll|bully|bullies|one|other"
    r"|another|others|mob|crowd)"
)
_ONE_OF_US = r"(?:me|us|my(?: \w+){1,2}|our(?: \w+){1,2}|him|her(?: \w+)?|them|his \w+|their \w+)"
_DICEN = (
    "dijo|dijeron|dice|dicen|decía|decían|llamó|llamo|llamaron|llama|llaman|gritó|grito|gritaron|grita|gritan"
    "|escribió|escribio|escribieron|escribe|escriben|mandó|mando|mandaron|envió|envio|enviaron|puso|pusieron"
    "|pintó|pinto|pintaron|insultó|insulto|insultaron|amenazó|amenazo|amenazaron"
)
_REPORT_BEFORE = re.compile(
    rf"\b{_OTHERS}(?:'s|'re|'d)?(?: \w+){{0,4}}? (?:{_TELLS}|call|tell|say|write)\b"
    rf"|\b{_TELLS} (?:at |to )?{_ONE_OF_US}\b"
    rf"|\b(?:was|were|been|being|be|got|get|getting|is|are)(?: \w+){{0,2}} (?:called|told|named|labell?ed|sent)\b"
    r"|\b(?:got|get|received|found|saw|read|heard|hearing)(?: \w+){0,4} (?:messages?|notes?|letters?|texts?|e-?mails?"
    r"|comments?|voicemails?|calls?|dms?|signs?|graffiti|words?|slurs?|name)\b"
    rf"|\b(?:me|nos|le|les|lo|la) (?:{_DICEN})\b"
    rf"|\b(?:alguien|él|ella|ellos|ellas|un|una|el|la|los|las|mi|su|quien)(?: \w+){{0,4}}? (?:{_DICEN})\b"
    r"|\b(?:recibí|recibi|recibimos|encontré|encontre|leí)(?: \w+){0,3} (?:mensaje|nota|carta|correo|comentario)s?\b",
    re.IGNORECASE,
)
_REPORT_AFTER = re.compile(
    rf"^[\"'”’»]*,? (?:is|was|were|are) (?:what|how) {_OTHERS}\b"
    rf"|^[\"'”’»,]* (?:as )?{_OTHERS}(?: \w+){{0,2}} {_TELLS}\b"
    r"|^[\"'”’»]*(?: \w+){0,3} (?:was|were|is|are|got) (?:written|(?:spray[ -]?)?painted|scrawled|carved)\b"
    rf"|^[\"'”’»,]* (?:me|nos|le|les) (?:{_DICEN})\b",
    re.IGNORECASE,
)


def reported(text: str, start: int, end: int) -> bool:
    """Tell whether ``text[start:end]`` stands in quotation marks, or is told as what somebody else said.

    `text` is the comment, verbatim or in its plain form, whose characters stand in the same places; only the verbatim
    one knows where lines end, which neither a quotation nor a report goes beyond.
    """
    return _is_quoted(text, start, end) or _is_told(text, start, end)


def _is_quoted(text: str, start: int, end: int) -> bool:
    near = max(0, start - _FAR)
    quoted = _QUOTED.finditer(text, near, end + _FAR)
    return any(found.start() < start and end < found.end() for found in quoted)


def _is_told(text: str, start: int, end: int) -> bool:
    sentence = _ENDS.split(text[max(0, start - _NEAR) : start].replace("’", "'"))[-1]
    after = _ENDS.split(text[end : end + _NEAR].replace("’", "'"))[0]
    return bool(_REPORT_BEFORE.search(sentence) or _REPORT_AFTER.search(after))
