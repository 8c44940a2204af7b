"""From the streams of a battle to its sockets: straight to those of this process, over the link to those of others."""

from arena.live.link import link_of_this_loop
from arena.live.rooms import Frame, Room, Socket, Stream


def publish(battle_uid: str, frame: Frame) -> None:
    """Sends a frame to every socket of a battle that this process is in. Never waits."""
    if room := link_of_this_loop().rooms.get(battle_uid):
        room.publish(frame)


async def tell(battle_uid: str, frame: Frame) -> None:
    """Sends a frame to every socket of a battle, also from a process that is not in it."""
    link = link_of_this_loop()
    if room := link.rooms.get(battle_uid):
        room.offer(frame)
    await link.tell_all(battle_uid, frame)


async def join(battle_uid: str, socket: Socket) -> None:
    """A socket gets the battle's frames from now on. Joining again makes this process known again."""
    link = link_of_this_loop()
    link.room(battle_uid).sockets.add(socket)
    await link.enter(battle_uid)


async def leave(battle_uid: str, socket: Socket) -> None:
    """The socket gets no more frames."""
    link = link_of_this_loop()
    if room := link.rooms.get(battle_uid):
        room.sockets.discard(socket)
        await link.quit_if_empty(battle_uid)


def begin(battle_uid: str, stream: Stream) -> Room:
    """A stream runs in this process. The socket that started it has made the process known."""
    room = link_of_this_loop().room(battle_uid)
    room.streams.add(stream)
    return room


async def end(battle_uid: str, stream: Stream) -> None:
    """The stream has nothing more to say."""
    link = link_of_this_loop()
    if room := link.rooms.get(battle_uid):
        room.streams.discard(stream)
        await link.quit_if_empty(battle_uid)
