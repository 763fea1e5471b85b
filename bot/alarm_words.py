"""What alarms say, in English and in Spanish: of each its subject first, then its lines.

What a platform, a library or the record says is quoted as it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings

Forms = Mapping[str, tuple[str, ...]]

STAYS = "Comments stay visible. Nothing that was recorded is lost."
QUEDAN = "Los comentarios siguen visibles. No se ha perdido nada de lo registrado."

EN: Forms = {
    "stopped": (
        "{name} on {platform} has stopped",
        "The account {account} is no longer polled or acted on, since: {why}.",
        STAYS,
        "When it is mended, run: citymod resume --account {account} --reason '…'",
    ),
    "token": (
        "the credential of {name} ({account}) does not do",
        "The daily check of the credential of {account} says: {said}.",
        "Renew it as connectors/{platform}/README.md says, then run: citymod doctor",
        STAYS,
    ),
    "withheld": (
        "URGENT: suspected sexual abuse of a child, act now",
        "{who} marked the comment {ref}. Its words and pictures are not in this mail.",
        (
            "Do not open, copy, photograph, print or forward it, not even to show it to a colleague: having or "
            "sending it is a crime, for staff too (18 U.S.C. 2252A). Delete nothing that is there already, and let "
            "nobody else look."
        ),
        (
            "Call the City Attorney, and report it now, by identifiers and address alone: to the CyberTipline of the "
            "National Center for Missing and Exploited Children (report.cybertip.org, 1-800-843-5678) and to the FBI "
            "(tips.fbi.gov, 1-800-225-5324); if a child is in danger at this moment, call 911 first."
        ),
        (
            "Report it on the platform with the platform's own button for child safety, which may also take it down. "
            "citymod does not hide it, since it may not make the picture that every act of its own rests on."
        ),
        "Write down who looked at it, when, and who was called. Leave everything else to the police.",
    ),
    "mailbox": (
        "The intake mailbox cannot be read",
        "It said: {why}.",
        "Mails stay where they are and are taken in when it answers again.",
    ),
    "backup": (
        "tonight's backup failed",
        "No backup was made: {why}",
        "The backups before it are all kept, and the archive itself is not touched.",
        "See whether the folder can be written and has room, then run: citymod backup FOLDER",
    ),
    "uncaptured": (
        "Comments cannot be captured",
        "The first of today: {why}.",
        "Comments stay visible and wait for a person. Run: citymod doctor",
    ),
    "job": (
        "{name} fails",
        "The job '{name}' failed unexpectedly: {why}.",
        "It is run again at its next time. Comments stay visible; nothing recorded is lost.",
        "The daemon's log has the details. This is said once a day; every failure is in the e-mail digest.",
    ),
    "held": (
        "nothing is hidden or deleted on {name} ({account})",
        "Acting on {account} is held: {why}.",
        "Comments stay visible; recording goes on, and orders wait.",
        "Put the address back on the page (AR 1-27 5.C.1.f). The program sees it within a day and goes on.",
    ),
    "drift": (
        "the page of {name} ({account}) shows something else",
        "The City's own page on {account} is otherwise than it was: {drift}.",
        "If nobody of the City changed it, somebody else may have the account in hand.",
    ),
    "pause_ends": (
        "a pause ends at {until}",
        "Acting on {what} was paused by {who}: {why}. It goes on at {until}, as was asked.",
        "{waiting}",
        "To keep it paused, pause it again now: citymod pause {option}--reason '…'",
    ),
    "pause_ended": (
        "a pause has ended, acting goes on",
        "The pause of {what} by {who} ({why}) ran out, as was asked.",
        "{waiting}",
        "To stop it again: citymod pause {option}--reason '…'",
    ),
    "moderation": (
        "the model server does not answer",
        "The City's own model server could not be asked about {comments} comment(s): {why}.",
        "They were judged by the other rules; only what the model would have asked a person is not asked.",
        "The server is asked again by itself, at last once an hour. Every failed call is in the e-mail digest.",
    ),
    "money_gone": (
        "{platform} is not read any more this month",
        "{why}.",
        "Comments on {platform} are neither recorded nor judged until then: look there by hand.",
        "citymod status says what was spent; dollars_a_month in the settings says what may be.",
    ),
    "money_near": (
        "Most of this month's money is spent",
        "{spent}.",
        "citymod status says what was spent; dollars_a_month in the settings says what may be.",
    ),
    "canary": (
        "the daily test of the whole line failed",
        "A harmless comment on a stand-in did not come through: {why}.",
        "Done until then: {steps}.",
        "What it met, real comments may meet, too. Run: citymod doctor, then: citymod canary",
    ),
    "archive": (
        "The archive is not as it was written",
        "Checking it found {number} problem(s):",
        "{problems}",
        "Stop nothing and change nothing. Keep the data folder as it is, copy it aside, and call the",
        "administrator and the records officer. `citymod verify` says all that was found.",
    ),
    # troubles (bot/troubles.py), by the first words of their keys
    "over": ("over: {what}", "What was told before is over: {what}."),
    "disk": (
        "the disk is nearly full",
        "{free} GiB are free at {folder}, less than {least} GiB.",
        "Make room there. When it is full nothing can be recorded, and comments stay visible.",
    ),
    "packs-passed": (
        "starting takes longer than it needs",
        "{why}.",
        "Nothing else is the matter: put the file right or remove it, and starting is quick again.",
    ),
    "export": (
        "copies of an export lie about",
        "An export was cut off, and the copies that it had made by then cannot be removed: {folder}.",
        "Remove them.",
    ),
    "mail": (
        "mail does not go out",
        "{waiting} mails wait, the oldest since {since}; this one waits behind them.",
        "Look at the mail server {host}, and run: citymod doctor. No mail is lost.",
    ),
    "webhook": (
        "alarms do not reach the webhook",
        "Since {since} no alarm could be handed over; each is tried again, and came by mail, too.",
        "Look at what receives them, and run: citymod doctor",
    ),
    "unread": (
        "{name} on {platform} is not read",
        "It was read last at {at}, and {failures} tries have failed.",
        "What is written there meanwhile is read later. citymod status says why; citymod doctor tries again.",
    ),
    "backlog:observed": (
        "comments are not judged",
        "The oldest waits since {since}; {waiting} wait in all.",
        "Comments stay visible meanwhile. The daemon's log says what keeps it: journalctl --unit citymod",
    ),
    "backlog:marked": (
        "comments are not captured",
        "The oldest waits since {since}; {waiting} wait in all.",
        "Comments stay visible meanwhile. The daemon's log says what keeps it: journalctl --unit citymod",
    ),
    "backlog:orders": (
        "orders are not carried out",
        "The oldest order, on {ref}, waits since {since} and was never tried.",
        "The comment stays visible meanwhile. The daemon's log says what keeps it.",
    ),
    "captures": (
        "pictures cannot be taken",
        "The last {number} comments could not be captured in full, so none was hidden: {why}",
        "Run citymod doctor: it tries the browser and the fonts.",
    ),
    "digest": (
        "{name} gets no digest",
        "A digest for {name} was due at {due}. {last}",
        "Look at the daemon's log: journalctl --unit citymod. citymod digest makes one at once.",
    ),
    "quota": (
        "the limit of {name} on {platform} is nearly used up",
        "{share} {said} are used, as the platform said at {at}.",
        "Reading stops by itself; acting goes on as long as anything is left. citymod plan says what is used.",
    ),
    "clock": (
        "the clock is wrong",
        "This machine's clock is {off} (by their Date headers).",
        "Let it be set by the network: timedatectl set-ntp true. Times on record stay as they were taken.",
    ),
    "bucket": (
        "evidence is not copied to the bucket",
        "Since {since} nothing could be copied, {waiting} wait: {why}",
        "Evidence is safe on the disk meanwhile. citymod doctor tries the bucket; citymod bucket push copies.",
    ),
    "bucket:stuck": (
        "some evidence or media cannot be copied",
        "{number} cannot be copied to {bucket}, first of all {first}: {why}",
        "Run citymod verify: it names what is not on the disk as it was sealed. It is tried again each hour.",
    ),
}

ES: Forms = {
    "stopped": (
        "{name} en {platform} se ha detenido",
        "La cuenta {account} ya no se lee y no se actúa en ella, por este motivo: {why}.",
        QUEDAN,
        "Cuando esté arreglado, ejecute: citymod resume --account {account} --reason '…'",
    ),
    "token": (
        "la credencial de {name} ({account}) no sirve",
        "La revisión diaria de la credencial de {account} dice: {said}.",
        "Renuévela como explica connectors/{platform}/README.md y luego ejecute: citymod doctor",
        QUEDAN,
    ),
    "withheld": (
        "URGENTE: sospecha de abuso sexual de un menor, actúe ahora",
        "{who} señaló el comentario {ref}. Sus palabras e imágenes no van en este correo.",
        (
            "No lo abra, copie, fotografíe, imprima ni reenvíe, ni siquiera para mostrarlo a un colega: tenerlo o "
            "enviarlo es un delito, también para el personal (18 U.S.C. 2252A). No borre nada de lo que ya esté ahí "
            "ni deje que nadie más lo mire."
        ),
        (
            "Llame a la Fiscalía de la Ciudad y denúncielo ahora, solo con identificadores y dirección: a la "
            "CyberTipline del Centro Nacional para Menores Desaparecidos y Explotados (report.cybertip.org, "
            "1-800-843-5678) y al FBI (tips.fbi.gov, 1-800-225-5324); si un menor está en peligro en este momento, "
            "llame primero al 911."
        ),
        (
            "Denúncielo en la plataforma con su propio botón de seguridad infantil, que quizá también lo retire. "
            "citymod no lo oculta, porque no puede hacer la imagen en la que se basa cada uno de sus actos."
        ),
        "Anote quién lo miró, cuándo, y a quién se llamó. Deje todo lo demás a la policía.",
    ),
    "mailbox": (
        "No se puede leer el buzón de entrada",
        "Respondió: {why}.",
        "Los correos quedan donde están y se procesan cuando vuelva a responder.",
    ),
    "backup": (
        "falló la copia de seguridad de esta noche",
        "No se hizo ninguna copia de seguridad: {why}",
        "Todas las copias anteriores se conservan y el archivo mismo no se toca.",
        "Mire si se puede escribir en la carpeta y si hay espacio, y luego ejecute: citymod backup FOLDER",
    ),
    "uncaptured": (
        "No se pueden capturar comentarios",
        "El primero de hoy: {why}.",
        "Los comentarios siguen visibles y esperan a una persona. Ejecute: citymod doctor",
    ),
    "job": (
        "falla {name}",
        "La tarea '{name}' falló de manera inesperada: {why}.",
        "Se ejecuta de nuevo a su hora. Los comentarios siguen visibles; no se pierde nada de lo registrado.",
        (
            "El registro del servicio tiene los detalles. Se avisa una vez al día; cada fallo está en el resumen por "
            "correo."
        ),
    ),
    "held": (
        "no se oculta ni se borra nada en {name} ({account})",
        "La actuación en {account} está retenida: {why}.",
        "Los comentarios siguen visibles; se sigue registrando, y las órdenes esperan.",
        "Vuelva a poner la dirección en la página (AR 1-27 5.C.1.f). El programa lo ve en un día y continúa.",
    ),
    "drift": (
        "la página de {name} ({account}) muestra otra cosa",
        "La página de la Ciudad en {account} no es como era: {drift}.",
        "Si nadie de la Ciudad la cambió, quizá otra persona tenga la cuenta en sus manos.",
    ),
    "pause_ends": (
        "una pausa termina el {until}",
        "La actuación ({what}) la puso en pausa {who}: {why}. Se reanuda el {until}, como se pidió.",
        "{waiting}",
        "Para mantenerla en pausa, póngala de nuevo ahora: citymod pause {option}--reason '…'",
    ),
    "pause_ended": (
        "una pausa ha terminado, la actuación se reanuda",
        "La pausa ({what}) de {who} ({why}) terminó, como se pidió.",
        "{waiting}",
        "Para detenerla de nuevo: citymod pause {option}--reason '…'",
    ),
    "moderation": (
        "el servidor de modelos no responde",
        "No se pudo consultar al servidor de modelos de la Ciudad sobre {comments} comentario(s): {why}.",
        "Los juzgaron las demás reglas; solo falta lo que el modelo habría preguntado a una persona.",
        (
            "El servidor se consulta de nuevo por sí solo, al menos una vez por hora. Cada fallo está en el resumen "
            "por correo."
        ),
    ),
    "money_gone": (
        "{platform} ya no se lee este mes",
        "{why}.",
        "Los comentarios en {platform} no se registran ni se juzgan hasta entonces: revíselos a mano.",
        "citymod status dice cuánto se ha gastado; dollars_a_month en la configuración, cuánto se puede gastar.",
    ),
    "money_near": (
        "Se ha gastado la mayor parte del dinero de este mes",
        "{spent}.",
        "citymod status dice cuánto se ha gastado; dollars_a_month en la configuración, cuánto se puede gastar.",
    ),
    "canary": (
        "falló la prueba diaria de todo el proceso",
        "Un comentario inofensivo en una plataforma simulada no llegó al final: {why}.",
        "Hecho hasta entonces: {steps}.",
        "Lo mismo puede ocurrir a comentarios reales. Ejecute: citymod doctor, y luego: citymod canary",
    ),
    "archive": (
        "El archivo no está como se escribió",
        "Al revisarlo se hallaron problemas ({number}):",
        "{problems}",
        "No detenga ni cambie nada. Conserve la carpeta de datos como está, cópiela aparte y llame a la persona",
        "administradora y a la responsable de los registros. `citymod verify` dice todo lo que se halló.",
    ),
    "over": ("resuelto: {what}", "Lo que se avisó antes está resuelto: {what}."),
    "disk": (
        "el disco está casi lleno",
        "Quedan {free} GiB libres en {folder}, menos de {least} GiB.",
        "Haga espacio. Cuando esté lleno no se podrá registrar nada, y los comentarios seguirán visibles.",
    ),
    "packs-passed": (
        "el arranque tarda más de lo necesario",
        "{why}.",
        "No ocurre nada más: corrija o quite el archivo, y el arranque volverá a ser rápido.",
    ),
    "export": (
        "han quedado copias de una exportación",
        "Una exportación se interrumpió, y no se pueden quitar las copias que ya había hecho: {folder}.",
        "Quítelas.",
    ),
    "mail": (
        "el correo no sale",
        "Esperan {waiting} correos, el más antiguo desde el {since}; este espera detrás de ellos.",
        "Mire el servidor de correo {host} y ejecute: citymod doctor. No se pierde ningún correo.",
    ),
    "webhook": (
        "las alarmas no llegan al webhook",
        (
            "Desde el {since} no se pudo entregar ninguna alarma; cada una se vuelve a intentar, y llegó también por "
            "correo."
        ),
        "Mire lo que las recibe y ejecute: citymod doctor",
    ),
    "unread": (
        "{name} en {platform} no se lee",
        "Se leyó por última vez el {at}, y han fallado {failures} intentos.",
        (
            "Lo que se escriba allí entretanto se lee después. citymod status dice por qué; citymod doctor lo intenta "
            "de nuevo."
        ),
    ),
    "backlog:observed": (
        "los comentarios no se juzgan",
        "El más antiguo espera desde el {since}; en total esperan {waiting}.",
        "Entretanto siguen visibles. El registro del servicio dice qué lo impide: journalctl --unit citymod",
    ),
    "backlog:marked": (
        "los comentarios no se capturan",
        "El más antiguo espera desde el {since}; en total esperan {waiting}.",
        "Entretanto siguen visibles. El registro del servicio dice qué lo impide: journalctl --unit citymod",
    ),
    "backlog:orders": (
        "las órdenes no se cumplen",
        "La orden más antigua, sobre {ref}, espera desde el {since} y nunca se intentó.",
        "Entretanto el comentario sigue visible. El registro del servicio dice qué lo impide.",
    ),
    "captures": (
        "no se pueden hacer imágenes",
        "Los últimos {number} comentarios no se pudieron capturar por completo, así que no se ocultó ninguno: {why}",
        "Ejecute citymod doctor: prueba el navegador y las fuentes.",
    ),
    "digest": (
        "{name} no recibe su resumen",
        "El resumen para {name} debía salir el {due}. {last}",
        "Mire el registro del servicio: journalctl --unit citymod. citymod digest hace uno enseguida.",
    ),
    "quota": (
        "el límite de {name} en {platform} está casi agotado",
        "Se ha usado el {share} ({said}), según dijo la plataforma el {at}.",
        "La lectura se detiene por sí sola; se sigue actuando mientras quede algo. citymod plan dice cuánto se usa.",
    ),
    "clock": (
        "el reloj va mal",
        "El reloj de esta máquina {off} (según sus cabeceras Date).",
        "Haga que lo ponga la red: timedatectl set-ntp true. Las horas registradas quedan como se tomaron.",
    ),
    "bucket": (
        "las pruebas no se copian al depósito",
        "Desde el {since} no se pudo copiar nada, esperan {waiting}: {why}",
        "Entretanto están a salvo en el disco. citymod doctor prueba el depósito; citymod bucket push copia.",
    ),
    "bucket:stuck": (
        "algunas pruebas o archivos no se pueden copiar",
        "{number} no se pueden copiar a {bucket}; primero {first}: {why}",
        "Ejecute citymod verify: dice qué no está en el disco como se selló. Se intenta de nuevo cada hora.",
    ),
}

IN: Mapping[str, Forms] = {"en": EN, "es": ES}
"""By the `language` of mails to staff."""


def called(what: str, language: str, about: Mapping[str, object]) -> str:
    """Give the subject of an alarm."""
    return IN[language][what][0].format(**about)


def in_words(what: str, settings: Settings, about: Mapping[str, object]) -> tuple[str, ...]:
    """Give the subject and the lines of an alarm; where a list is filled in there is a line for each of its entries."""
    said = "\n\n".join(form.format(**about) for form in IN[settings.mail.language][what])
    return tuple(filter(None, said.split("\n\n")))
