"""A caller without a browser: engine.io 4 and socket.io 5 over a plain WebSocket, the way an attacker would."""

import asyncio
import json
import uuid

import websockets

VERSION = "0.10.1"
PATIENCE = 60.0  # seconds for all that a call leads to, on a machine that has other things to do


class RawSocket:
    """A tab of its own, or with `token` another one's, at the server of this process."""

    def __init__(self, served, *, cookie="", origin="", path="/send", token=""):
        base, self.loop = served.base, served.loop
        self.token = token or str(uuid.uuid4())
        self.url = base.replace("http", "ws", 1) + f"/_event/?token={self.token}&EIO=4&transport=websocket"
        self.headers = {"Origin": origin or base} | ({"Cookie": cookie} if cookie else {})
        self.router_data = {"pathname": path, "asPath": path, "headers": {"cookie": "carillon_session=forged"}}

    async def __aenter__(self):
        self.ws = await websockets.connect(self.url, additional_headers=self.headers, max_size=None, subprotocols=[VERSION])
        await self.ws.recv()
        await self.ws.send("40/_event,")
        while not (await self.ws.recv()).startswith("40/_event"):
            pass
        return self

    async def __aexit__(self, *exc):
        await self.ws.close()

    async def call(self, name, payload=None):
        """Call one handler; every text that comes back until the server has nothing more to do for this tab."""
        event = {"name": name, "payload": payload or {}, "router_data": self.router_data}
        await self.ws.send("42/_event," + json.dumps(["event", event]))
        async with asyncio.timeout(PATIENCE):
            before = await self._until_answered()  # what is sent is taken in its order: now it has the call
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(at_rest(self.token), self.loop))
            return before + await self._until_answered()

    async def _until_answered(self):
        """Ask the server for an answer that has nothing to do with a page; what comes before it."""
        got = []
        await self.ws.send('42/_event,["ping"]')
        while (text := await self.ws.recv()) != '42/_event,["ping","pong"]':
            if text == "2":  # is anybody there?
                await self.ws.send("3")
            else:
                got.append(text)
        return got


async def at_rest(token):
    """On the server's loop: return when it carries out no event of this tab, and none waits. Read from inside reflex 0.10.1, which tells nobody."""
    from portal.portal import app

    events = app.event_processor
    while True:
        if events._queue is not None:
            await events._queue.join()
        mine = [task for task in events._tasks.values() if f"|{token}|" in task.get_name()]
        if not mine and token not in events._token_queues:
            return
        await (asyncio.wait(mine) if mine else asyncio.sleep(0))
