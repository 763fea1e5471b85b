"""What mails to the Social Media Manager say, in English and in Spanish.

What the picture shows is told as the sealed card has it, in English; clauses are quoted as the policy has them.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]

EN: Words = {
    "lang": "en",
    "subject": "Evidence: comment on {name} ({platform}), {clauses}",
    "title": "Evidence for your archive",
    "before": "captured and sealed before anything is hidden or deleted (AR 1-27 5.0.C.1.f)",
    "closed": "The picture is not in this mail, since {why}.",
    "closed_where": "It is sealed in the City's archive as evidence {evidence} in the folder {folder}.",
    "closed_open": "There, for those who may see it:",
    "closed_words": "Its words, without numbers:",
    "kept": "Kept in full, with the platform's own record and a manifest of hashes, in the City's archive.",
    "comment": "The comment",
    "why": "Why",
    "met": "Rule {rule} met",
    "known": "What is known of it",
    "check": "How to check it",
    "check_here": "On citymod's machine, this compares every file with what was sealed:",
    "check_there": "In a copy of the folder {folder} anybody can:",
    "must_give": "must give",
    "answer": "To acknowledge that you have it, answer this mail, or run:",
    "run": "To acknowledge that you have it, run:",
    "picture": "The picture, in words",
    # what is known
    "account": "Account",
    "on": "{name} on {platform}",
    "by": "Written by",
    "nobody": "not available from the platform",
    "written": "Written at",
    "captured": "Captured at",
    "follows": "What follows",
    "hide": "hide{hand}, decided by {kind} {name}",
    "delete": "delete{hand}, decided by {kind} {name}",
    "by_hand": " (staff do it by hand)",
    "rule": "rule",
    "person": "person",
    "daemon": "daemon",
    "address": "Address",
    "name": "Comment",
    "wording": "Wording (SHA-256)",
    "evidence": "Evidence",
    "order": "Order",
    "manifest": "Manifest (SHA-256)",
    # several in one
    "several": "Evidence of {number} comments",
    "several_for": "{title} for your archive",
    "several_text": "Evidence for your archive: {number} comments",
    "several_lead": (
        "sealed before anything was hidden (AR 1-27 5.0.C.1.f). Each of the attached mails is complete in itself."
    ),
    "answer_all": "To acknowledge all of it, answer this mail.",
    # were decisions alike
    "alike": "{city}: were comments decided alike?",
    "compared": "Comments compared, of the last {days} days: {number}",
    "different": "Near-identical ones that were not decided alike: {number}",
    "sides": "Comments that rules would read otherwise of the other side: {number}",
    "opinions": "Second opinions: {number}, of which {agreed} agreed ({share} %)",
    "no_opinions": "Second opinions: none yet; `citymod review second` names what waits for one",
    "more": "And {more} more",
}

ES: Words = {
    "lang": "es",
    "subject": "Pruebas: comentario en {name} ({platform}), {clauses}",
    "title": "Pruebas para su archivo",
    "before": "capturado y sellado antes de ocultar o borrar nada (AR 1-27 5.0.C.1.f)",
    "closed": "La imagen no va en este correo, por este motivo: {why}.",
    "closed_where": "Está sellada en el archivo de la Ciudad como prueba {evidence}, en la carpeta {folder}.",
    "closed_open": "Allí, para quienes la pueden ver:",
    "closed_words": "Sus palabras, sin números:",
    "kept": "Se conserva completo, con el registro de la plataforma y una lista de hashes, en el archivo de la Ciudad.",
    "comment": "El comentario",
    "why": "Por qué",
    "met": "La regla {rule} encontró",
    "known": "Lo que se sabe de él",
    "check": "Cómo comprobarlo",
    "check_here": "En la máquina de citymod, esto compara cada archivo con lo que se selló:",
    "check_there": "En una copia de la carpeta {folder} puede hacerlo cualquiera:",
    "must_give": "debe dar",
    "answer": "Para acusar recibo, responda a este correo o ejecute:",
    "run": "Para acusar recibo, ejecute:",
    "picture": "La imagen, en palabras",
    "account": "Cuenta",
    "on": "{name} en {platform}",
    "by": "Escrito por",
    "nobody": "la plataforma no lo dice",
    "written": "Escrito el",
    "captured": "Capturado el",
    "follows": "Lo que sigue",
    "hide": "ocultar{hand}, según decidió {kind} {name}",
    "delete": "borrar{hand}, según decidió {kind} {name}",
    "by_hand": " (lo hace el personal a mano)",
    "rule": "la regla",
    "person": "una persona,",
    "daemon": "el programa",
    "address": "Dirección",
    "name": "Comentario",
    "wording": "Texto (SHA-256)",
    "evidence": "Prueba",
    "order": "Orden",
    "manifest": "Lista de hashes (SHA-256)",
    "several": "Pruebas de {number} comentarios",
    "several_for": "{title} para su archivo",
    "several_text": "Pruebas para su archivo: {number} comentarios",
    "several_lead": (
        "sellado antes de ocultar nada (AR 1-27 5.0.C.1.f). Cada uno de los correos adjuntos está completo."
    ),
    "answer_all": "Para acusar recibo de todo, responda a este correo.",
    "alike": "{city}: ¿se decidió de igual manera?",
    "compared": "Comentarios comparados, de los últimos {days} días: {number}",
    "different": "Casi idénticos que no se decidieron de igual manera: {number}",
    "sides": "Comentarios que las reglas leerían de otro modo si fueran del otro lado: {number}",
    "opinions": "Segundas opiniones: {number}, de ellas de acuerdo: {agreed} ({share} %)",
    "no_opinions": "Segundas opiniones: ninguna todavía; `citymod review second` dice cuáles faltan",
    "more": "Y {more} más",
}

IN: Mapping[str, Words] = {"en": EN, "es": ES}
"""By the `language` of mails to staff."""
