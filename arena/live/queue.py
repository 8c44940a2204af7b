"""Waiting for the turn at a served model that has a limit: what one process does for all of its answers.

The places are in the database (`inference.admission`). A model for which answers wait here is looked after by one
poller, however many they are, and one statement a second shows that this process lives. No connection is held between.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import Error
from django.utils import timezone

from arena.live.database import in_database
from inference.admission import HeldPlace, admit, ask_for_place, give_back, keep_places
from inference.models import ServedModel
from inference.places import ADMITTED

log = structlog.get_logger(__name__)

#: How soon a place is noticed that another process has given back. Those of this process are noticed at once.
POLL_SECONDS = 0.5


@dataclass(slots=True, eq=False)
class _Guest:
    """An answer of this process that has a place, or is asking for one (None)."""

    held: HeldPlace
    place: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    asking: asyncio.Task[None] | None = None
    has_left: bool = False

    def move_to(self, place: int) -> None:
        if place == self.place:
            return
        self.place = place
        if place == ADMITTED:
            self.held.admitted_at = timezone.now()
        self.changed.set()


class _Queue:
    """The answers of this process that wait for one served model. Ends by itself when none is left."""

    def __init__(self, served_model_id: int) -> None:
        self._served_model_id = served_model_id
        self._waiting: set[_Guest] = set()
        self._wake = asyncio.Event()
        # In a context of its own: its lines in the logs are of no single battle.
        self._poller = asyncio.create_task(self._poll(), context=Context())

    def add(self, guest: _Guest) -> None:
        self._waiting.add(guest)

    def discard(self, guest: _Guest) -> None:
        self._waiting.discard(guest)

    def look(self) -> None:
        """Something has changed: the poller need not wait."""
        self._wake.set()

    async def _poll(self) -> None:
        try:
            while self._waiting:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._wake.wait()
                self._wake.clear()
                self._move(await self._read())
        finally:
            del _queues[self._served_model_id]

    async def _read(self) -> dict[str, int]:
        try:
            return await in_database(admit, served_model_id=self._served_model_id)
        except ServedModel.DoesNotExist:
            # Deleted while they waited: nothing limits them any more.
            return {guest.held.holder: ADMITTED for guest in self._waiting}
        except Error as error:
            log.warning("queue_not_read", error=error)
            return {}

    def _move(self, places: dict[str, int]) -> None:
        """Who is not in `places` was taken for dead, keeps waiting, and is back with the next sign of life."""
        for guest in list(self._waiting):
            if guest.held.holder in places:
                guest.move_to(places[guest.held.holder])
            if guest.place == ADMITTED:
                self._waiting.discard(guest)


_guests: dict[str, _Guest] = {}
_queues: dict[int, _Queue] = {}
_living: asyncio.Task[None] | None = None
_sign_of_life: asyncio.Task[None] | None = None


async def wait_for_turn(*, holder: str, served_model_id: int, tell: Callable[[int], None]) -> None:
    """Returns when it is the holder's turn; calls `tell` with its place in the queue, from 1, whenever that changes.

    Can be cancelled. However it ends, `leave` has to be called in the end. A database that is away is waited for.
    """
    guest = _Guest(HeldPlace(served_model_id, holder))
    _guests[holder] = guest
    _show_life()
    # Shielded: a stop must not leave a place behind that nobody knows of.
    guest.asking = asyncio.create_task(_ask(guest))
    await asyncio.shield(guest.asking)
    if guest.place != ADMITTED:
        _queue_of(served_model_id).add(guest)
    while guest.place != ADMITTED:
        guest.changed.clear()
        if guest.place is not None:
            tell(guest.place)
        await guest.changed.wait()


async def leave(*, holder: str) -> None:
    """Gives the holder's place back, whether it was its turn or not. Harmless where it has none.

    Where the database is away, the place is free as soon as nobody has shown life for it.
    """
    guest = _guests.pop(holder, None)
    if guest is None:
        return
    guest.has_left = True
    served_model_id = guest.held.served_model_id
    queue = _queues.get(served_model_id)
    if queue is not None:
        queue.discard(guest)
    # What is on its way to the database must not come after the leaving.
    if under_way := [task for task in (guest.asking, _sign_of_life) if task is not None and not task.done()]:
        await asyncio.wait(under_way)
    try:
        await in_database(give_back, served_model_id=served_model_id, holder=holder)
    except (Error, ServedModel.DoesNotExist) as error:
        log.warning("place_not_given_back", error=error)
    if (queue := _queues.get(served_model_id)) is not None:
        queue.look()


def _queue_of(served_model_id: int) -> _Queue:
    if served_model_id not in _queues:
        _queues[served_model_id] = _Queue(served_model_id)
    return _queues[served_model_id]


async def _ask(guest: _Guest) -> None:
    while not guest.has_left:
        try:
            guest.move_to(await in_database(ask_for_place, place=guest.held))
        except Error as error:
            log.warning("place_not_asked_for", error=error)
            await asyncio.sleep(POLL_SECONDS)
        else:
            return


def _show_life() -> None:
    global _living
    if _living is None or _living.done():
        _living = asyncio.create_task(_live(), context=Context())


async def _live() -> None:
    global _sign_of_life
    while _guests:
        await asyncio.sleep(settings.ANSWER_SAVE_SECONDS)
        if held := [guest.held for guest in _guests.values() if guest.place is not None]:
            _sign_of_life = asyncio.create_task(_keep(held))
            await _sign_of_life


async def _keep(held: list[HeldPlace]) -> None:
    try:
        await in_database(keep_places, places=held)
    except Error as error:
        log.warning("places_not_kept", error=error)
