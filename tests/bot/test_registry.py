"""The registry, clause by clause of AR 1-27: what is asked for and decided, what is worked, and who leaves."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from city import VIOLATION, City

from archive import accounts, cases, ledger, registry, staff
from archive.registry import Plan, Standing
from bot import coverage, daemon, digest, tasks
from bot.coverage import Watch
from bot.domain.states import State
from bot.domain.types import Agent, AgentKind, Capacity, Document, Role
from bot.judging import shipped
from bot.off_boarding import off_board
from bot.registry import (
    adopt,
    approve,
    ask,
    deny,
    keep_credentials,
    lacks,
    launch,
    looks_secret,
    modify,
    name_person,
    revoke,
)
from bot.registry_list import as_csv, as_html
from bot.review import NotPossible
from bot.settings import AccountSettings, load
from bot.trial import approve_accounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.registry import Site

pytestmark = pytest.mark.both_engines

PIO = "lee@city.example"
MANAGER = "sam@city.example"
FORM = Plan.of("Action Plan.pdf", b"%PDF-1.7 of the Water Department")


@pytest.fixture
def strict(city: City) -> City:
    """A city whose settings require an approval of each account, after its daemon was started again."""
    started_with(city, "registry: {required: true}")
    return city


def started_with(city: City, line: str) -> None:
    """Start the city's daemon again, with one line more in the settings."""
    city.file.write_text(f"{city.file.read_text()}\n{line}\n")
    city.settings = load(city.file)
    city.parts = replace(city.parts, settings=city.settings)
    daemon.make_ready(city.parts, city.clock())


def key_of(city: City, platform: str = "youtube") -> str:
    return next(entry.account.key for entry in city.settings.accounts if entry.platform == platform)


def asked(city: City, platform: str = "youtube", **other: str) -> str:
    said = {"name": "KC Water", "department": "Water", "purpose": "main breaks", "account": key_of(city, platform)}
    with city.parts.database.begin() as tx:
        return ask(tx, city.settings, platform=platform, plan=FORM, who=PIO, now=city.clock(), **said | other)


def approved(city: City, platform: str = "youtube", **other: str) -> str:
    site = asked(city, platform, **other)
    with city.parts.database.begin() as tx:
        approve(tx, city.settings, site, who=MANAGER, why="the plan is sound", now=city.clock())
    return site


def site_of(city: City, site: str) -> Site:
    with city.parts.database.read() as tx:
        return registry.site(tx, site)


def stopped_why(city: City, platform: str = "youtube") -> str | None:
    with city.parts.database.read() as tx:
        found = accounts.standing(tx, key_of(city, platform))
    assert found is not None
    return found.stopped_why


def recorded(city: City) -> set[str]:
    """The platforms of which a comment was recorded."""
    with city.parts.database.read() as tx:
        return {case.ref.platform for case in cases.every(tx)}


def told(city: City) -> digest.Digest:
    with city.parts.database.read() as tx:
        return digest.fold(tx, city.settings, city.settings.pios[0], city.clock())


# 5.A.1: asked for, and approved, modified or denied -------------------------------------------------------------------


def test_a_department_asks_with_its_form_attached_and_city_communications_approves(city: City) -> None:
    site = approved(city)
    found = site_of(city, site)
    assert site == "SITE-2026-001"
    assert (found.standing, found.asked_by, found.decided_by) == (Standing.APPROVED, PIO, MANAGER)
    with city.parts.database.read() as tx:
        assert registry.plan(tx, site) == FORM
        lines = [line for line in ledger.entries(tx) if line.kind.startswith("registry.")]
    assert [(line.kind, line.agent.name) for line in lines] == [("registry.asked", PIO), ("registry.approved", MANAGER)]
    assert lines[1].detail["why"] == "the plan is sound"


def test_a_request_is_denied_with_a_reason_and_asked_for_anew(city: City) -> None:
    site = asked(city)
    with city.parts.database.begin() as tx:
        with pytest.raises(NotPossible, match="say why"):
            deny(tx, city.settings, site, who=MANAGER, why=" ", now=city.clock())
        deny(tx, city.settings, site, who=MANAGER, why="the City has one already", now=city.clock())
        with pytest.raises(NotPossible, match="was denied by sam"):
            approve(tx, city.settings, site, who=MANAGER, why="after all", now=city.clock())
    assert (site_of(city, site).standing, site_of(city, site).why) == (Standing.DENIED, "the City has one already")
    assert asked(city) == "SITE-2026-002"


def test_a_modification_is_on_record_and_waits_to_be_approved_so(strict: City) -> None:
    site = asked(strict)
    with strict.parts.database.begin() as tx:
        with pytest.raises(NotPossible, match="say what is modified"):
            modify(tx, site, who=MANAGER, why="too broad", now=strict.clock())
        modify(tx, site, who=MANAGER, why="too broad", now=strict.clock(), name="KC Water Alerts")
    found = site_of(strict, site)
    assert (found.name, found.purpose, found.standing) == ("KC Water Alerts", "main breaks", Standing.MODIFIED)
    assert stopped_why(strict), "to modify is not to approve"
    with strict.parts.database.begin() as tx:
        approve(tx, strict.settings, site, who=MANAGER, why="as modified", now=strict.clock())
        steps = [step.step for step in registry.steps(tx, site)]
    assert steps == ["asked", "modified", "approved"]
    assert not stopped_why(strict)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOCIAL_MEDIA_MANAGER}))
def test_whoever_is_known_in_another_role_decides_nothing(city: City, role: Role) -> None:
    site = asked(city)
    admin = Agent(kind=AgentKind.PERSON, name="admin")
    with city.parts.database.begin() as tx:
        staff.add(
            tx, "kim", name="Kim", roles=[role], accounts=[], password=None, totp=None, agent=admin, now=city.clock()
        )
        for act in (approve, deny):
            with pytest.raises(NotPossible, match="kim is no social media manager"):
                act(tx, city.settings, site, who="kim", why="mine", now=city.clock())
    assert site_of(city, site).standing is Standing.ASKED


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(registry.NoPlan, match=r"plan\.pdf is no PDF, Word or OpenDocument file"):
        Plan.of("plan.pdf", b"<html>")
    with pytest.raises(registry.NoPlan, match="are the most"):
        Plan.of("plan.pdf", b"%PDF-" + bytes(registry.MOST_BYTES))


def test_a_tool_that_is_not_approved_is_refused_in_clear_words(city: City) -> None:
    approved(city)
    started_with(city, "registry: {required: true, tools: [facebook, x]}")
    with city.parts.database.begin() as tx, pytest.raises(NotPossible) as refused:
        ask(
            tx,
            city.settings,
            platform="youtube",
            name="n",
            department="d",
            purpose="p",
            plan=FORM,
            who=PIO,
            now=city.clock(),
        )
    assert str(refused.value).startswith(
        "YouTube is no approved social media tool (AR 1-27 7.0.A.1); there are: Facebook, X"
    )
    assert "YouTube is no approved social media tool" in (stopped_why(city) or "")


def test_an_account_is_one_site_s_alone(city: City) -> None:
    asked(city)
    with pytest.raises(NotPossible, match="is SITE-2026-001 already"):
        asked(city)
    with pytest.raises(NotPossible, match="is no account on X"):
        asked(city, "x", account=key_of(city, "youtube"))


# The daemon runs only approved accounts -------------------------------------------------------------------------------


def test_an_account_that_no_approval_covers_is_neither_polled_nor_acted_on(strict: City) -> None:
    approved(strict, "facebook")
    comments = {platform: strict.write(platform, VIOLATION) for platform in ("facebook", "youtube")}
    strict.run()
    assert recorded(strict) == {"facebook"}
    assert strict.state(comments["facebook"]) is State.ENFORCED
    assert strict.done_by_us(comments["youtube"]) == []
    assert "nobody has asked City Communications for it" in (stopped_why(strict) or "")
    approved(strict, "youtube")
    strict.run()
    assert strict.state(comments["youtube"]) is State.ENFORCED, "it goes on by itself"


def test_what_waits_to_be_hidden_waits_on_when_the_approval_is_taken_back(strict: City) -> None:
    site = approved(strict)
    comment = strict.write("youtube", VIOLATION)
    strict.up_to_secured()
    with strict.parts.database.begin() as tx:
        revoke(tx, strict.settings, site, who=MANAGER, why="the page is given up", now=strict.clock())
    strict.enforce()
    assert strict.state(comment) is State.SECURED
    assert strict.done_by_us(comment) == []
    assert stopped_why(strict) == f"not approved in the registry: {site} was revoked: the page is given up"


def test_the_site_is_worked_from_the_moment_at_which_its_account_is_named(strict: City) -> None:
    site = approved(strict, account="")
    assert stopped_why(strict)
    with strict.parts.database.begin() as tx:
        launch(tx, strict.settings, site, key_of(strict), who=MANAGER, now=strict.clock())
    assert not stopped_why(strict)


def test_a_start_cannot_be_forced_and_another_fault_is_not_forgotten(
    strict: City, citymod: Callable[..., tuple[int, str, str]]
) -> None:
    words = ("--account", key_of(strict), "--reason", "I want it", "--who", "Kim", "--config", strict.file)
    assert f"{key_of(strict)} stays stopped: not approved in the registry" in citymod("resume", *words)[1]
    assert stopped_why(strict)
    site = approved(strict)
    with strict.parts.database.begin() as tx:
        accounts.stop(tx, key_of(strict), "Unauthorised: the token is gone", strict.clock())
        revoke(tx, strict.settings, site, who=MANAGER, why="given up", now=strict.clock())
    assert stopped_why(strict) == "Unauthorised: the token is gone"
    citymod("resume", *words)
    assert stopped_why(strict), "mended or not, it is not approved"
    approved(strict)
    daemon.make_ready(strict.parts, strict.clock())
    assert stopped_why(strict) == "Unauthorised: the token is gone", "approved or not, nobody has mended it"
    citymod("resume", *words)
    assert not stopped_why(strict)


def test_it_is_told_in_each_digest_and_by_status_and_doctor(
    strict: City, citymod: Callable[..., tuple[int, str, str]]
) -> None:
    for platform in ("facebook", "instagram", "x"):
        approved(strict, platform)
    (stopped,) = [line for line in told(strict).headlines if "STOPPED" in line]
    assert stopped.endswith(
        "on YouTube has STOPPED: not approved in the registry: "
        "nobody has asked City Communications for it (AR 1-27 5.A.1)"
    )
    waits = asked(strict)
    assert (
        f"{waits} (KC Water on YouTube, Water) waits for City Communications to approve or deny it"
        in told(strict).registry
    )
    assert f"NOT APPROVED in the registry: {key_of(strict)}" in citymod("status", "--config", strict.file)[1]
    assert "is not approved" in citymod("doctor", "--config", strict.file)[1]


def test_without_the_rule_every_account_is_worked_and_the_digest_names_it(city: City) -> None:
    comment = city.write("youtube", VIOLATION)
    city.run()
    assert city.state(comment) is State.ENFORCED
    (line,) = [line for line in told(city).headlines if "Not approved" in line]
    assert line.startswith("Not approved in the registry (AR 1-27 5.A.1): ")
    assert "on YouTube" in line
    with city.parts.database.begin() as tx:
        approve_accounts(tx, city.settings, city.clock())
    assert [line for line in told(city).headlines if "Not approved" in line] == []


def test_nobody_is_asked_to_look_at_an_account_that_is_not_approved(strict: City) -> None:
    entry = AccountSettings(platform="pinterest", id="cityoffountains", name="City of Fountains")
    settings, key = strict.settings.model_copy(update={"accounts": (entry,)}), "pinterest:cityoffountains"
    with strict.parts.database.begin() as tx:
        assert tasks.waiting(tx, settings, strict.clock()) == []
        how = coverage.of(tx, settings, entry, strict.clock())
        assert how.watch is Watch.UNAPPROVED
        assert coverage.in_words(how, settings.zone).startswith("STOPPED: not approved in the registry")
        approve_accounts(tx, settings, strict.clock())
        assert [task.name for task in tasks.waiting(tx, settings, strict.clock())] == [f"look:{key}"]


def test_a_new_city_works_approved_accounts_alone_and_has_the_tools_of_the_regulation() -> None:
    registry_ = load(shipped("citymod.example.yaml")).registry
    assert registry_.required
    assert registry_.tools == ("x", "facebook", "instagram", "youtube", "nextdoor", "snapchat", "pinterest")


# 4.0, 5.A.2.a, 6.A.1: what there is of each site ----------------------------------------------------------------------


def test_each_site_lacks_whatever_the_regulation_asks_for_until_it_is_on_record(city: City) -> None:
    site, now = approved(city, "x"), city.clock()
    assert list(lacks(site_of(city, site))) == [
        "a PIO or trained designee (5.A.2.a)",
        "a back-up",
        "operational and use guidelines (4.0)",
        "branding standards (4.0)",
        "administration standards (4.0)",
        "where its credentials are kept (6.A.1.c)",
    ]
    with city.parts.database.begin() as tx:
        name_person(tx, site, PIO, Capacity.PIO, who=MANAGER, now=now)
        name_person(tx, site, "bo@city.example", Capacity.BACK_UP, who=MANAGER, now=now)
        for document in Document:
            adopt(tx, site, document, where="myKC", adopted_on=date(2026, 11, 1), who=MANAGER, now=now)
        keep_credentials(tx, site, where="the vault, entry KC Water", known_to=[PIO], who=MANAGER, now=now)
    found = site_of(city, site)
    assert list(lacks(found)) == []
    assert found.credentials is not None
    assert (found.credentials.verified_by, found.credentials.known_to) == (MANAGER, (PIO,))


def test_on_facebook_there_is_a_back_up_administrator_instead_of_credentials(city: City) -> None:
    site = approved(city, "facebook")
    assert "a back-up administrator (6.A.1.c)" in list(lacks(site_of(city, site)))
    assert not any("credentials" in line for line in lacks(site_of(city, site)))
    with city.parts.database.begin() as tx:
        name_person(tx, site, "bo@city.example", Capacity.ADMINISTRATOR, who=MANAGER, now=city.clock())
    assert "a back-up administrator (6.A.1.c)" not in list(lacks(site_of(city, site)))


def test_a_designee_was_trained_and_takes_the_place_of_the_pio(city: City) -> None:
    site, now = approved(city), city.clock()
    with city.parts.database.begin() as tx:
        name_person(tx, site, PIO, Capacity.PIO, who=MANAGER, now=now)
        with pytest.raises(NotPossible, match="say on which day that was"):
            name_person(tx, site, "jo@city.example", Capacity.DESIGNEE, who=MANAGER, now=now)
        trained = date(2026, 10, 1)
        name_person(tx, site, "jo@city.example", Capacity.DESIGNEE, who=MANAGER, now=now, trained_on=trained)
    found = site_of(city, site)
    assert found.who_is(Capacity.PIO) is None
    named = found.who_is(Capacity.DESIGNEE)
    assert named is not None
    assert (named.person, named.trained_on) == ("jo@city.example", trained)


SECRETS = (
    "password: fountain",
    "the password is fountain",
    "vault, hunter2Fountain",
    "S3cret!x",
    "token=abc",
    "EAAGm0PX4ZCpsBAKZC9qZB1",
    "vault https://vault.example/#k9XqLm2pTz",
)


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_is_no_place_and_is_never_stored(city: City, text: str) -> None:
    site = approved(city)
    with city.parts.database.begin() as tx, pytest.raises(NotPossible, match="looks like a secret") as refused:
        keep_credentials(tx, site, where=text, known_to=(), who=MANAGER, now=city.clock())
    assert text not in str(refused.value), "nor is it said again"
    assert site_of(city, site).credentials is None


@pytest.mark.parametrize(
    "text",
    [
        "City Communications' vault, entry “Water Department on X”",
        "the safe in room 1402, envelope 7",
        "https://vault.city.example/items/42",
        "systemd credential youtube on the moderation server",
    ],
)
def test_a_place_in_plain_words_is_taken(text: str) -> None:
    assert not looks_secret(text)


# 6.A.1.d: somebody leaves ---------------------------------------------------------------------------------------------


def test_who_leaves_is_named_no_more_and_each_account_gets_a_task_that_stays_until_somebody_did_it(city: City) -> None:
    water, parks = approved(city, "youtube"), approved(city, "x", name="KC Parks")
    approved(city, "facebook", name="KC")
    now = city.clock()
    with city.parts.database.begin() as tx:
        name_person(tx, water, PIO, Capacity.PIO, who=MANAGER, now=now)
        keep_credentials(tx, parks, where="the vault", known_to=[PIO.upper()], who=MANAGER, now=now)
        knew = [key_of(city, "instagram")]
        assert off_board(tx, city.settings, PIO, who=MANAGER, why="left the City", now=now, knew=knew) == 3
        found = {task.account: task for task in tasks.waiting(tx, city.settings, now)}
    assert found.keys() == {key_of(city, platform) for platform in ("youtube", "x", "instagram")}
    assert found[key_of(city)].steps[0].startswith("Change the password, end all sessions on the platform, and renew")
    assert found[key_of(city)].steps[1] == f"Name another PIO for {water}."
    assert "a PIO or trained designee (5.A.2.a)" in list(lacks(site_of(city, water)))
    assert "credentials verified since lee@city.example left (6.A.1.d)" in list(lacks(site_of(city, parks)))
    city.clock.move(days=30)
    assert sum("lee@city.example has left" in line for line in told(city).tasks) == 3
    name = found[key_of(city)].name
    with city.parts.database.begin() as tx:
        tasks.dealt_with(tx, name, who="Bo", why="new password, new token", now=city.clock())
        with pytest.raises(NotPossible, match="waits"):
            tasks.dealt_with(tx, name, who="Bo", why="again", now=city.clock())
        line = ledger.last(tx, ("task.attended",))
    assert line is not None
    assert (line.agent.name, line.detail["account"]) == ("Bo", key_of(city))
    assert sum("lee@city.example has left" in line for line in told(city).tasks) == 2


def test_the_settings_are_to_forget_who_left_too(city: City) -> None:
    pio = city.settings.pios[0].email
    with city.parts.database.begin() as tx:
        off_board(tx, city.settings, pio, who=MANAGER, why="left", now=city.clock())
        (task,) = tasks.waiting(tx, city.settings, city.clock())
    assert task.steps == (f"Take {pio} out of the settings (pios), and start the daemon again.",)
    assert task.account == ""


def test_nobody_known_cannot_leave(city: City) -> None:
    with city.parts.database.begin() as tx, pytest.raises(NotPossible, match="nobody called ann"):
        off_board(tx, city.settings, "ann", who=MANAGER, why="left", now=city.clock())


# The list -------------------------------------------------------------------------------------------------------------


def test_no_cell_of_the_list_is_a_formula(city: City) -> None:
    approved(city, name='=HYPERLINK("https://evil.example")', department="+1", purpose="@SUM(A1)")
    with city.parts.database.read() as tx:
        text = as_csv(tx, city.settings).decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(text))
    assert (line["name"][:2], line["department"], line["purpose"]) == ("'=", "'+1", "'@SUM(A1)")
    assert line["defused"] == "name department purpose"


def test_nothing_in_the_page_of_the_list_is_markup(city: City) -> None:
    approved(city, name="<script>alert(1)</script>", purpose='"><img src=x>\ud800')
    with city.parts.database.read() as tx:
        page = as_html(tx, city.settings, city.clock())
    assert ("<script" in page, "<img" in page, "&lt;script&gt;" in page) == (False, False, True)
    assert page.encode()


def test_the_commands_lead_from_the_form_to_the_list(
    city: City, citymod: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    form, config = tmp_path / "form.pdf", ("--config", city.file)
    form.write_bytes(FORM.body)
    said = ("--name", "KC Water", "--department", "Water", "--purpose", "main breaks", "--form", form, "--who", PIO)
    key = key_of(city)
    code, out, _ = citymod("registry", "ask", "--platform", "youtube", *said, "--account", key, *config)
    assert (code, out.splitlines()[0]) == (0, "SITE-2026-001")
    by = ("--who", MANAGER, *config)
    site = "SITE-2026-001"
    assert citymod("registry", "modify", site, "--name", "Alerts", "--reason", "shorter", *by)[0] == 0
    assert citymod("registry", "approve", site, "--reason", "sound", *by)[0] == 0
    assert citymod("registry", "name", site, "--person", PIO, "--as", "pio", *by)[0] == 0
    where = ("--where", "myKC", "--on", "2026-11-01")
    assert citymod("registry", "adopt", site, "--document", "branding standards", *where, *by)[0] == 0
    code, _, err = citymod("registry", "credentials", site, "--kept", "password: x", *by)
    assert (code, "looks like a secret" in err) == (1, True)
    assert citymod("registry", "credentials", site, "--kept", "the vault", "--known-to", PIO, *by)[0] == 0
    code, out, _ = citymod("registry", "list", *config)
    assert code == 1, "other accounts are not approved"
    assert f"{site} (Alerts on YouTube, Water) {key}: approved by {MANAGER}: sound" in out
    assert "lacks a back-up, operational and use guidelines (4.0), administration standards (4.0)" in out
    for name in ("list.csv", "list.html"):
        assert citymod("registry", "export", tmp_path / name, *config)[0] == 0
        assert "Alerts" in (tmp_path / name).read_text(encoding="utf-8-sig")
        assert citymod("registry", "export", tmp_path / name, *config)[0] == 2, "nothing is overwritten"
    assert citymod("registry", "form", site, tmp_path / "again.pdf", *config)[0] == 0
    assert (tmp_path / "again.pdf").read_bytes() == FORM.body
    assert "Tasks opened: 1" in citymod("registry", "off-board", PIO, "--reason", "left", *by)[1]
    task = next(line for line in citymod("tasks", "list", *config)[1].splitlines() if line.startswith("left:"))
    assert citymod("tasks", "done", task, "--reason", "renewed", *by)[0] == 0
