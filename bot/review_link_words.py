"""The words of the page behind a link that decides a case, and why one decides nothing, in English and in Spanish."""

from __future__ import annotations

from collections.abc import Mapping

from archive.cases import GROUND_NAMED
from bot.domain.states import State

Words = Mapping[str, str]

EN: Words = {
    "lang": "en",
    "skip": "Skip to the page",
    "console": "comment moderation",
    # by what is decided
    "ask_uphold": "Hide this comment?",
    "ask_dismiss": "Let this comment stand?",
    "ask_restore": "Show this comment again?",
    "button_uphold": "Hide it",
    "button_dismiss": "Let it stand",
    "button_restore": "Show it again",
    "then_uphold": "A picture of it is sealed first, then the platform hides it.",
    "then_dismiss": "It stays visible. No rule acts on this wording again.",
    "then_restore": ("The platform shows it again, and is asked whether it does. No rule acts on this wording again."),
    "done_uphold": "It will be hidden",
    "done_dismiss": "It stands",
    "done_restore": "It will be shown again",
    # around it
    "paused": "Acting is paused, so this is recorded now and done when acting goes on.",
    "by": "by",
    "comment": "The comment",
    "no_words": "(no words)",
    "name": "Your name, if you are not {to}",
    "name_hint": "goes into the record beside theirs",
    "holds": "The record names {to}. This link holds once, until {until}. To see the thread or decide otherwise:",
    "recorded": "Recorded as decided by {to}, by link.",
    "otherwise": "To decide otherwise:",
    "over": "Nothing was decided",
    "where": "To see where it stands:",
    "open": "open the case",
    "sign_in": "(needs a sign-in)",
    # why a link decides nothing
    "used": "This link was used on {at}, and each holds once.",
    "no_case": "There is no such case any more.",
    "moved": "The case has moved on since this mail was written: {what} on {at}.",
    "not_yours": "{to} does not decide on this account, so no link of theirs does.",
    "not_by_mail": "This is not decided from a mail, since no mail may show it.",
    "stands": "The case is {state} since {at}.",
    "not_hidden": "It is not hidden by this program, or ordered shown again already.",
    "needs_more": "To hide it, a clause or the City Attorney’s word is needed, which a link cannot give.",
    "in_hand": "{who} has this comment in hand until {until}.",
    # what moved it: lines of the ledger
    "decision.recorded": "somebody decided it",
    GROUND_NAMED: "somebody named a clause",
    "verdict.recorded": "the rules judged it again",
    "comment.withheld": "it was withheld",
    "case.edited": "the comment was edited",
    "case.vanished": "the comment is gone",
    "case.": "it was decided or moved otherwise",
    # where a case stands
    State.OBSERVED: "not yet judged",
    State.CLEARED: "cleared",
    State.IN_REVIEW: "in review",
    State.MARKED: "to be hidden",
    State.SECURED: "about to be hidden",
    State.ENFORCED: "hidden",
    State.RESTORED: "shown again",
    State.GONE: "gone",
}

ES: Words = {
    "lang": "es",
    "skip": "Saltar a la página",
    "console": "moderación de comentarios",
    "ask_uphold": "¿Ocultar este comentario?",
    "ask_dismiss": "¿Dejar visible este comentario?",
    "ask_restore": "¿Mostrar de nuevo este comentario?",
    "button_uphold": "Ocultarlo",
    "button_dismiss": "Dejarlo visible",
    "button_restore": "Mostrarlo de nuevo",
    "then_uphold": "Primero se sella una imagen del comentario; después la plataforma lo oculta.",
    "then_dismiss": "Sigue visible. Ninguna regla volverá a actuar contra este texto.",
    "then_restore": (
        "La plataforma lo muestra de nuevo, y se comprueba que lo haga. Ninguna regla volverá a actuar contra este "
        "texto."
    ),
    "done_uphold": "Se ocultará",
    "done_dismiss": "Sigue visible",
    "done_restore": "Se mostrará de nuevo",
    "paused": "La actuación está en pausa: esto se registra ahora y se hará cuando la actuación se reanude.",
    "by": "por",
    "comment": "El comentario",
    "no_words": "(sin texto)",
    "name": "Su nombre, si usted no es {to}",
    "name_hint": "quedará en el registro junto al suyo",
    "holds": (
        "En el registro figurará {to}. Este enlace sirve una sola vez, hasta el {until}. Para ver la conversación o "
        "decidir otra cosa:"
    ),
    "recorded": "Quedó registrado como decisión de {to}, por enlace.",
    "otherwise": "Para decidir otra cosa:",
    "over": "No se decidió nada",
    "where": "Para ver en qué estado está:",
    "open": "abra el caso",
    "sign_in": "(requiere iniciar sesión)",
    "used": "Este enlace se usó el {at}, y cada enlace sirve una sola vez.",
    "no_case": "Ese caso ya no existe.",
    "moved": "El caso ha cambiado desde que se escribió este correo: {what} el {at}.",
    "not_yours": "{to} no decide sobre esta cuenta, así que tampoco sus enlaces.",
    "not_by_mail": "Esto no se decide por correo, porque ningún correo puede mostrarlo.",
    "stands": "El caso está así: {state}, desde el {at}.",
    "not_hidden": "No lo oculta este programa, o ya se ordenó mostrarlo de nuevo.",
    "needs_more": (
        "Para ocultarlo hace falta indicar una cláusula o el acuerdo del Abogado de la Ciudad, y un enlace no puede "
        "darlos."
    ),
    "in_hand": "{who} tiene este comentario en sus manos hasta el {until}.",
    "decision.recorded": "alguien lo decidió",
    GROUND_NAMED: "alguien indicó una cláusula",
    "verdict.recorded": "las reglas lo juzgaron de nuevo",
    "comment.withheld": "se retuvo",
    "case.edited": "el comentario se editó",
    "case.vanished": "el comentario ya no está",
    "case.": "se decidió o cambió de otro modo",
    State.OBSERVED: "sin juzgar",
    State.CLEARED: "visible, sin objeción",
    State.IN_REVIEW: "en revisión",
    State.MARKED: "por ocultar",
    State.SECURED: "a punto de ocultarse",
    State.ENFORCED: "oculto",
    State.RESTORED: "mostrado de nuevo",
    State.GONE: "ya no está",
}

IN: Mapping[str, Words] = {"en": EN, "es": ES}
"""By the `language` of whoever got the link."""
