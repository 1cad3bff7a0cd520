"""A push service as Firefox speaks to its own: WebSocket for the browser (hello, register, notification, ack), the TLS sink for whoever sends."""

import asyncio
import json
import uuid

from aiohttp import WSMsgType, web

from tests.channels.pushsink import PushSink, base64url


class Autopush(PushSink):
    """`said`: what browsers said, by kind of message."""

    def __init__(self, folder):
        super().__init__(folder, self._hand_on)
        self._browsers, self._gone, self.said, self._sockets, self._forgotten = {}, set(), [], set(), False

    async def start(self):
        await super().start()
        app = web.Application()
        app.router.add_get("/{any:.*}", self._serve)
        self._socket = web.AppRunner(app, shutdown_timeout=0.1)
        await self._socket.setup()
        site = web.TCPSite(self._socket, "127.0.0.1", 0)
        await site.start()
        self.browser_url = f"ws://127.0.0.1:{self._socket.addresses[0][1]}/"

    async def close(self):
        await self._socket.cleanup()
        await super().close()

    async def _serve(self, request):
        socket = web.WebSocketResponse(protocols=("push-notification",))
        await socket.prepare(request)
        self._sockets.add(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            said = json.loads(message.data)
            kind = said.get("messageType", "ping")
            self.said.append(kind)
            if kind == "hello":
                await socket.send_json({"messageType": "hello", "uaid": (not self._forgotten and said.get("uaid")) or uuid.uuid4().hex, "status": 200, "use_webpush": True, "broadcasts": {}})
            elif kind == "register":
                name = uuid.uuid4().hex
                self._browsers[name] = (socket, said["channelID"])
                await socket.send_json(
                    {"messageType": "register", "channelID": said["channelID"], "status": 200, "pushEndpoint": f"{self.origin}/wpush/v2/{name}"}
                )
            elif kind == "unregister":
                self._gone |= {name for name, (_, channel) in self._browsers.items() if channel == said["channelID"]}
                await socket.send_json({"messageType": "unregister", "channelID": said["channelID"], "status": 200})
            elif kind == "ping":
                await socket.send_json({})
        return socket

    async def _hand_on(self, request, n):
        name = request.path.rpartition("/")[2]
        if name in self._gone:
            return web.json_response({"code": 410, "errno": 106, "error": "Gone"}, status=410)
        if name not in self._browsers:
            return web.json_response({"code": 404, "errno": 102, "error": "Not Found"}, status=404)
        socket, channel = self._browsers[name]
        _, headers, body = self.heard[-1]
        await socket.send_json(
            {
                "messageType": "notification", "channelID": channel, "version": uuid.uuid4().hex, "data": base64url(body),
                "headers": {"encoding": headers["Content-Encoding"]},
            }
        )  # fmt: skip
        return None

    async def forget(self):
        """As a push service that lost its browsers: whoever comes back is somebody else, and every address of before is gone."""
        self._forgotten, self._gone, self.said = True, set(self._browsers), []
        for socket in self._sockets:
            await socket.close()

    async def heard_of(self, kind):
        """Until a browser has said so."""
        while kind not in self.said:
            await asyncio.sleep(0.02)
