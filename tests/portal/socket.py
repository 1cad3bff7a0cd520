"""A caller without a browser: engine.io 4 and socket.io 5 over a plain WebSocket, the way an attacker would."""

import asyncio
import json
import uuid

import websockets

VERSION = "0.10.1"
FIRST = 20.0  # seconds until the first answer must have come, on a machine that has other things to do


class RawSocket:
    def __init__(self, base, *, cookie="", origin="", path="/send", token=""):
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

    async def call(self, name, payload=None, wait=0.4):
        """Call one handler; every text that comes back until nothing came for `wait` seconds, the first one being waited for longer."""
        event = {"name": name, "payload": payload or {}, "router_data": self.router_data}
        await self.ws.send("42/_event," + json.dumps(["event", event]))
        got = []
        while True:
            try:
                text = await asyncio.wait_for(self.ws.recv(), wait if got else FIRST)
            except TimeoutError:
                return got
            if text == "2":
                await self.ws.send("3")
            else:
                got.append(text)
