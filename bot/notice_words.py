"""The words of notices to authors, in English and in Spanish. What a clause is called and means the policy file says.

`official` is the clause as the policy has it, and `text` its translation. Of `FORMS` the first is taken that fits where
it is said.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]

FORMS = ("full", "quoted", "titled", "short", "case")

EN: Words = {
    "full": "{city}: your comment was hidden under {clause}: “{text}”. {notice} {how}",
    "quoted": "{city}: your comment was hidden under {clause}: “{text}”. {how}",
    "titled": "{city}: your comment was hidden under {clause} ({title}). {how}",
    "short": "Your comment was hidden ({title}). Case {number}.",
    "case": "Case {number}.",
    "appeal": "To appeal, write to {address} within {days} days and name case {number}.",
}

ES: Words = {
    "full": (
        "{city}: su comentario se ocultó en virtud de {clause}: «{text}» (traducción de “{official}”). {notice} {how}"
    ),
    "quoted": "{city}: su comentario se ocultó en virtud de {clause}: «{text}» (traducción). {how}",
    "titled": "{city}: su comentario se ocultó en virtud de {clause} ({title}). {how}",
    "short": "Su comentario se ocultó ({title}). Caso {number}.",
    "case": "Caso {number}.",
    "appeal": "Para apelar, escriba a {address} dentro de {days} días e indique el caso {number}.",
}
