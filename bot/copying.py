"""Copies sealed evidence and media to the City's bucket: the daemon's job, and what `citymod bucket push` does at once.

Evidence counts as soon as it is sealed on the disk, so nothing here holds anything up: what fails waits, is tried again
and is told (status, digest, and on-call staff when it lasts). No transaction is open while the bucket is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import copies, evidence
from archive.copies import BucketUnavailable, NotAsSealed, NotAsSent, Place
from bot.domain.schedule import retry_at
from bot.settings import MissingCredential, credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from archive.bucket import Bucket
    from archive.copies import Unit
    from archive.database import Database
    from bot.domain.types import Evidence
    from bot.settings import EvidenceStore, Settings

AT_ONCE = 50
FIRST_WAIT = timedelta(seconds=30)


def place(store: EvidenceStore) -> Place:
    """The bucket as the settings describe it."""
    return Place(
        bucket=store.bucket,
        region=store.region,
        mode=store.mode,
        retain=timedelta(days=store.retain_days),
        endpoint=store.endpoint,
        prefix=store.prefix,
        ca_file=store.ca_file,
        timeout=store.timeout_seconds,
    )


def open_bucket(settings: Settings, store: EvidenceStore) -> Bucket:
    """Open the bucket with its credential. Raises BucketUnavailable; whether it answers is not asked yet."""
    try:
        from archive.bucket import Bucket  # here, since it takes a while to load and is an extra
    except ImportError as error:
        message = f"the library for buckets is missing ({error.name}); install it with: pip install 'citymod[s3]'"
        raise BucketUnavailable(message) from error
    try:
        secrets = credential(settings, store.credential)
        return Bucket(place(store), access_key=secrets["access_key"], secret_key=secrets["secret_key"])
    except MissingCredential as error:
        raise BucketUnavailable(str(error)) from error
    except KeyError as missing:
        message = f"credential {store.credential!r} of the bucket lacks {missing}"
        raise BucketUnavailable(message) from missing


def at_hand(settings: Settings, database: Database, sealed: Evidence, into: Path) -> Path:
    """Give the store that has the folder of a piece of evidence: this disk's, or `into`, fetched from the bucket.

    What was fetched is as it was sealed. Raises evidence.SealBroken if it is not, and BucketUnavailable if it is
    neither here nor to be had.
    """
    if (settings.evidence_folder / sealed.folder).is_dir():
        return settings.evidence_folder
    with database.read() as tx:
        rows = copies.of_unit(tx, copies.of_evidence(sealed.id))
    if not rows or settings.evidence_store is None:
        message = f"its folder {sealed.folder} is not on this disk, and there is no copy of it in a bucket"
        raise BucketUnavailable(message)
    copies.fetch(open_bucket(settings, settings.evidence_store), rows, into / sealed.folder)
    if problems := evidence.check(into, sealed):
        message = f"the copy in the bucket is not as it was sealed: {'; '.join(problems)}"
        raise evidence.SealBroken(message)
    return into


@dataclass(slots=True)
class Copier:
    """Brings what is due into the bucket, once around."""

    settings: Settings
    store: EvidenceStore
    database: Database
    clock: Callable[[], datetime]
    stopping: Callable[[], bool] = lambda: False

    def run(self, *, at_once: bool = False) -> int:
        """Copy everything that is due, with `at_once` also what was to be tried again later; give how many units were.

        Raises nothing of the bucket's: what fails is recorded and waits.
        """
        name, now = place(self.store).name, self.clock()
        with self.database.begin() as tx:
            copies.take_in(tx, name, with_media=self.store.media, now=now)
            if at_once:
                copies.retry_now(tx, name)
            stands = copies.standing(tx, name)
        if stands.not_before and stands.not_before > now:
            return 0
        done = 0
        try:
            for bucket, unit in self._due(name):
                done += self._copy(bucket, name, unit)
        except BucketUnavailable as error:
            now = self.clock()
            with self.database.begin() as tx:
                until = retry_at(stands.failures + 1, now, FIRST_WAIT)
                copies.bucket_failed(tx, name, str(error), until=until, now=now)
        return done

    def _due(self, name: str) -> Iterator[tuple[Bucket, Unit]]:
        """What is due, with the bucket, which is opened only if something is."""
        bucket: Bucket | None = None
        while True:
            with self.database.begin() as tx:
                waiting = copies.due(tx, name, self.clock(), AT_ONCE)
            for unit in waiting:
                if self.stopping():
                    return
                if bucket is None:
                    bucket = open_bucket(self.settings, self.store)
                    bucket.check()
                yield bucket, unit
            if not waiting:
                return

    def _copy(self, bucket: Bucket, name: str, unit: Unit) -> bool:
        """Copy one unit; give whether that was done. What is wrong with it alone keeps no other one back."""
        try:
            files = unit.files(self.settings.evidence_folder, self.settings.media_folder)
            stored = [
                (file, bucket.store(file.file, file.path, sha256=file.sha256, now=self.clock())) for file in files
            ]
        except (NotAsSealed, NotAsSent, OSError) as error:
            now = self.clock()
            with self.database.begin() as tx:
                until = retry_at(unit.attempts + 1, now, FIRST_WAIT)
                copies.unit_failed(tx, name, unit, str(error), until=until, now=now)
            return False
        with self.database.begin() as tx:
            now = self.clock()
            copies.bucket_answers(tx, name, now)
            copies.conclude(tx, name, unit, stored, now)
        return True


def copy(
    settings: Settings,
    database: Database,
    clock: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
    *,
    at_once: bool = False,
) -> int:
    """Copy what is due to the bucket that the settings name, if they name one; see `Copier.run`."""
    store = settings.evidence_store
    return Copier(settings, store, database, clock, stopping).run(at_once=at_once) if store else 0
