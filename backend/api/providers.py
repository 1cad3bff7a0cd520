"""/v1/providers, /v1/provider-kinds: adding, changing and trying providers."""

from backend.api.endpoint import Answer, Call, Endpoint
from backend.app.provider_views import (
    CheckIn,
    CheckView,
    KindView,
    ModeView,
    OrderIn,
    OutlookView,
    ProviderIn,
    ProviderView,
    SelfTestIn,
    SelfTestSent,
)
from backend.app.views import Page


async def kinds(call: Call) -> Answer:
    """Every kind of provider, with its fields and what one must have."""
    return Answer(await call.app.providers.kinds(call.actor))


async def providers(call: Call) -> Answer:
    """Which providers there are, and how well each does."""
    return Answer(await call.app.providers.list(call.actor))


async def provider(call: Call) -> Answer:
    """One provider; what is secret is not shown, only that it is set."""
    return Answer(await call.app.providers.get(call.actor, call.key))


async def put(call: Call) -> Answer:
    """Add or change one. A secret that is left out stays."""
    return Answer(await call.app.providers.put(call.actor, call.key, call.body, call.seen))


async def remove(call: Call) -> Answer:
    """Take one away."""
    await call.app.providers.remove(call.actor, call.key, call.seen)
    return Answer()


async def check(call: Call) -> Answer:
    """Open a connection with what is given, or with what is kept."""
    return Answer(await call.app.providers.check(call.actor, call.path["key"], call.body))


async def test(call: Call) -> Answer:
    """A message to yourself by this very provider."""
    return Answer(await call.app.providers.send_test(call.actor, call.path["key"], call.body), 202)


async def outlook(call: Call) -> Answer:
    """What removing it would mean."""
    return Answer(await call.app.providers.outlook(call.actor, call.path["key"]))


async def arrange(call: Call) -> Answer:
    """In which order those of a channel are asked."""
    return Answer(await call.app.providers.arrange(call.actor, call.key, call.body))


async def mode(call: Call) -> Answer:
    """Whether everything of the space is captured."""
    return Answer(await call.app.providers.mode(call.actor))


async def put_mode(call: Call) -> Answer:
    """Capture everything of the space, or send again."""
    return Answer(await call.app.providers.put_mode(call.actor, call.body))


_OPERATE = ("operate",)
ENDPOINTS = [
    Endpoint("GET", "/v1/provider-kinds", "listProviderKinds", "Kinds of providers and their fields", kinds, _OPERATE, answer=Page[KindView]),
    Endpoint("GET", "/v1/providers", "listProviders", "Providers and how they do", providers, _OPERATE, answer=Page[ProviderView]),
    Endpoint("GET", "/v1/providers/{key}", "getProvider", "One provider", provider, _OPERATE, answer=ProviderView),
    Endpoint("PUT", "/v1/providers/{key}", "putProvider", "Add or change a provider", put, _OPERATE, body=ProviderIn, answer=ProviderView),
    Endpoint("DELETE", "/v1/providers/{key}", "removeProvider", "Take a provider away", remove, _OPERATE, status=204),
    Endpoint(
        "POST", "/v1/providers/{key}/check", "checkProvider", "Open a connection", check, _OPERATE, body=CheckIn, answer=CheckView, optional_body=True
    ),
    Endpoint(
        "POST", "/v1/providers/{key}/test", "testProvider", "A message to yourself", test, _OPERATE, body=SelfTestIn, answer=SelfTestSent, status=202,
        optional_body=True,
    ),
    Endpoint("GET", "/v1/providers/{key}/outlook", "outlookProvider", "What removing it would mean", outlook, _OPERATE, answer=OutlookView),
    Endpoint("PUT", "/v1/provider-order/{channel}", "arrangeProviders", "Order and weights of a channel", arrange, _OPERATE, body=OrderIn, answer=Page[ProviderView]),
    Endpoint("GET", "/v1/test-mode", "getTestMode", "Whether everything is captured", mode, ("inbox.own",), answer=ModeView),
    Endpoint("PUT", "/v1/test-mode", "putTestMode", "Capture everything, or send again", put_mode, _OPERATE, body=ModeView, answer=ModeView),
]  # fmt: skip
