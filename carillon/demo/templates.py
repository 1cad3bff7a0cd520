"""The demo's templates: what a shop with a community tells its people, in English and German, some in French and Spanish."""

from collections.abc import Container
from typing import Any

import msgspec

from backend.app.app import App
from backend.app.views import TemplateIn
from backend.domain.errors import NotFound
from backend.domain.template import Content
from carillon.demo.german import spoken
from carillon.demo.letters import Say, code, content, lines, note
from carillon.demo.people import BY

ALL = ("email", "push", "sms", "web")
NO_SMS = ("email", "push", "web")
SHOP = "https://shop.example.com"


class Made(msgspec.Struct, frozen=True):
    """One template, with the data that its preview is made of."""

    key: str
    name: str
    content: Content
    samples: dict[str, Any]


_HELLO = {"en": "Hello {{ user.name }},", "de": "Guten Tag {{ user.name }},", "fr": "Bonjour {{ user.name }},", "es": "Hola, {{ user.name }}:"}
_ORDER = {
    "order": "A-1042", "arrives": "Friday", "currency": "EUR", "total": 87.4, "link": f"{SHOP}/orders/A-1042",
    "lines": [{"name": "Enamel teapot", "count": 1, "price": 54.0}, {"name": "Darjeeling, 250 g", "count": 2, "price": 33.4}],
}  # fmt: skip

TEMPLATES = (
    Made("order_confirmed", "Order confirmed", content({
        "en": Say("Your order {{ data.order }} is confirmed", "Thank you for your order", (_HELLO["en"], "we have your order {{ data.order }} and are packing it now.",
                  lines("Total")), "See your order", "{{ data.order }} is confirmed. We are packing it now."),
        "de": Say("Ihre Bestellung {{ data.order }} ist bestätigt", "Danke für Ihre Bestellung", (_HELLO["de"], "Ihre Bestellung {{ data.order }} ist da, wir packen sie gerade.",
                  lines("Summe")), "Bestellung ansehen", "{{ data.order }} ist bestätigt. Wir packen sie gerade."),
        "fr": Say("Votre commande {{ data.order }} est confirmée", "Merci pour votre commande", (_HELLO["fr"], "nous avons bien reçu votre commande {{ data.order }} et la préparons.",
                  lines("Total")), "Voir la commande", "{{ data.order }} est confirmée. Nous la préparons."),
        "es": Say("Tu pedido {{ data.order }} está confirmado", "Gracias por tu pedido", (_HELLO["es"], "hemos recibido tu pedido {{ data.order }} y lo estamos preparando.",
                  lines("Total")), "Ver el pedido", "{{ data.order }} está confirmado. Lo estamos preparando."),
    }, NO_SMS), _ORDER),
    Made("order_shipped", "Order shipped", content({
        "en": Say("Your order {{ data.order }} is on its way", "Your order is on its way", (_HELLO["en"], "your order {{ data.order }} left our house and arrives on {{ data.arrives }}.",
                  note("You need not be at home: the parcel may be left with a neighbour.")), "Follow your parcel", "{{ data.order }} arrives on {{ data.arrives }}.",
                  "Your order {{ data.order }} is on its way and arrives on {{ data.arrives }}. {{ data.link }}"),
        "de": Say("Ihre Bestellung {{ data.order }} ist unterwegs", "Ihre Bestellung ist unterwegs", (_HELLO["de"],
                  "Ihre Bestellung {{ data.order }} ist unterwegs und kommt am {{ data.arrives }} an.", note("Sie müssen nicht zu Hause sein: Das Paket darf zum Nachbarn.")),
                  "Sendung verfolgen", "{{ data.order }} kommt am {{ data.arrives }} an.", "Ihre Bestellung {{ data.order }} ist unterwegs, Ankunft {{ data.arrives }}. {{ data.link }}"),
        "fr": Say("Votre commande {{ data.order }} est en route", "Votre commande est en route", (_HELLO["fr"], "votre commande {{ data.order }} est partie et arrive {{ data.arrives }}."),
                  "Suivre le colis", "{{ data.order }} arrive {{ data.arrives }}.", "Votre commande {{ data.order }} est en route. {{ data.link }}"),
        "es": Say("Tu pedido {{ data.order }} está en camino", "Tu pedido está en camino", (_HELLO["es"], "tu pedido {{ data.order }} ha salido y llega el {{ data.arrives }}."),
                  "Seguir el envío", "{{ data.order }} llega el {{ data.arrives }}.", "Tu pedido {{ data.order }} está en camino. {{ data.link }}"),
    }, ALL), _ORDER),
    Made("order_delivered", "Order delivered", content({
        "en": Say("Your order {{ data.order }} has arrived", "It has arrived", (_HELLO["en"], "your order {{ data.order }} was handed over today. We hope you like it.",
                  note("Something wrong with it? You can send it back within 30 days, free of charge.")), "Tell us how it was", "{{ data.order }} was handed over today."),
        "de": Say("Ihre Bestellung {{ data.order }} ist angekommen", "Sie ist da", (_HELLO["de"], "Ihre Bestellung {{ data.order }} wurde heute zugestellt. Viel Freude damit.",
                  note("Etwas stimmt nicht? 30 Tage lang nehmen wir alles kostenlos zurück.")), "Bewerten", "{{ data.order }} wurde heute zugestellt."),
    }, NO_SMS), _ORDER),
    Made("payment_failed", "Payment failed", content({
        "en": Say("We could not charge your card for {{ data.order }}", "Your payment did not go through", (_HELLO["en"],
                  "your bank declined {{ data.total|money(data.currency) }} for the order {{ data.order }}. We keep it for three days.",
                  note("Nothing was charged.")), "Pay another way", "Your bank declined {{ data.total|money(data.currency) }} for {{ data.order }}.",
                  "Your payment for {{ data.order }} did not go through. We keep the order for three days: {{ data.link }}"),
        "de": Say("Die Zahlung für {{ data.order }} hat nicht geklappt", "Ihre Zahlung ging nicht durch", (_HELLO["de"],
                  "Ihre Bank hat {{ data.total|money(data.currency) }} für die Bestellung {{ data.order }} abgelehnt. Wir halten sie drei Tage zurück.",
                  note("Es wurde nichts abgebucht.")), "Anders bezahlen", "Ihre Bank hat {{ data.total|money(data.currency) }} für {{ data.order }} abgelehnt.",
                  "Die Zahlung für {{ data.order }} hat nicht geklappt. Wir halten die Bestellung drei Tage: {{ data.link }}"),
    }, ALL), _ORDER),
    Made("invoice_ready", "Invoice ready", content({
        "en": Say("Your invoice for {{ data.month }}", "Your invoice is ready", (_HELLO["en"], "the invoice for {{ data.month }} is in your account.", lines("To pay")),
                  "Open the invoice", "{{ data.total|money(data.currency) }} for {{ data.month }}."),
        "de": Say("Ihre Rechnung für {{ data.month }}", "Ihre Rechnung ist da", (_HELLO["de"], "die Rechnung für {{ data.month }} liegt in Ihrem Konto.", lines("Zu zahlen")),
                  "Rechnung öffnen", "{{ data.total|money(data.currency) }} für {{ data.month }}."),
    }, ("email", "web")), {**_ORDER, "month": "May"}),
    Made("password_changed", "Password changed", content({
        "en": Say("Your password was changed", "Your password was changed", (_HELLO["en"], "the password of your account was changed from {{ data.place }}.",
                  note("Was it not you? Then set a new one now.")), "It was not me", "From {{ data.place }}. Was it not you? Then set a new one now.",
                  "Your password was changed from {{ data.place }}. Was it not you? Set a new one now: {{ data.link }}"),
        "de": Say("Ihr Passwort wurde geändert", "Ihr Passwort wurde geändert", (_HELLO["de"], "das Passwort Ihres Kontos wurde von {{ data.place }} aus geändert.",
                  note("Das waren nicht Sie? Dann setzen Sie jetzt ein neues.")), "Das war ich nicht", "Von {{ data.place }} aus. Das waren nicht Sie? Dann setzen Sie jetzt ein neues.",
                  "Ihr Passwort wurde von {{ data.place }} aus geändert. Das waren nicht Sie? {{ data.link }}"),
    }, ALL, optional=False), {"place": "Lisbon", "link": f"{SHOP}/account/password"}),
    Made("sign_in_code", "Sign-in code", content({
        "en": Say("{{ data.code }} is your sign-in code", "Your sign-in code", (_HELLO["en"], "type this code to sign in. It is good for ten minutes.", code("{{ data.code }}"),
                  note("Nobody of our house ever asks you for it.")), "Sign in", "{{ data.code }} is good for ten minutes.", "{{ data.code }} is your sign-in code, good for ten minutes."),
        "de": Say("{{ data.code }} ist Ihr Anmeldecode", "Ihr Anmeldecode", (_HELLO["de"], "geben Sie diesen Code ein. Er gilt zehn Minuten.", code("{{ data.code }}"),
                  note("Niemand aus unserem Haus fragt Sie je danach.")), "Anmelden", "{{ data.code }} gilt zehn Minuten.", "{{ data.code }} ist Ihr Anmeldecode. Er gilt zehn Minuten."),
    }, ALL, optional=False), {"code": "407 118", "link": f"{SHOP}/sign-in"}),
    Made("new_device", "Sign-in from a new device", content({
        "en": Say("New sign-in from {{ data.place }}", "A new device signed in", (_HELLO["en"], "somebody signed in to your account from {{ data.place }} with {{ data.device }}."),
                  "Check your devices", "{{ data.device }} in {{ data.place }}.", "New sign-in to your account: {{ data.device }} in {{ data.place }}."),
        "de": Say("Neue Anmeldung aus {{ data.place }}", "Ein neues Gerät hat sich angemeldet", (_HELLO["de"], "jemand hat sich aus {{ data.place }} mit {{ data.device }} bei Ihrem Konto angemeldet."),
                  "Geräte prüfen", "{{ data.device }} in {{ data.place }}.", "Neue Anmeldung bei Ihrem Konto: {{ data.device }} in {{ data.place }}."),
    }, ALL, optional=False), {"place": "Porto", "device": "a phone", "link": f"{SHOP}/account/devices"}),
    Made("chat_message", "Chat message", content({
        "en": Say("{{ data.from }} wrote to you", "{{ data.from }}", ("{{ data.text }}",), "Answer", "{{ data.text }}"),
        "de": Say("{{ data.from }} hat Ihnen geschrieben", "{{ data.from }}", ("{{ data.text }}",), "Antworten", "{{ data.text }}"),
    }, ("push", "web")), {"from": "Kenji Mori", "text": "Did the teapot arrive in one piece?", "link": f"{SHOP}/chat/7"}),
    Made("maintenance", "Maintenance", content({
        "en": Say("Short break on {{ data.day }}", "A short break on {{ data.day }}", (_HELLO["en"], "on {{ data.day }} between 02:00 and 02:30 UTC the shop is closed: we move to larger rooms.",
                  note("Orders that are on their way are not affected.")), "What changes", "On {{ data.day }}, 02:00 to 02:30 UTC. Orders on their way are not affected."),
        "de": Say("Kurze Pause am {{ data.day }}", "Eine kurze Pause am {{ data.day }}", (_HELLO["de"], "am {{ data.day }} zwischen 02:00 und 02:30 UTC ist der Laden zu: Wir ziehen in größere Räume.",
                  note("Bestellungen, die unterwegs sind, betrifft das nicht.")), "Was sich ändert", "Am {{ data.day }}, 02:00 bis 02:30 UTC."),
    }, ("email", "web")), {"day": "Sunday", "link": f"{SHOP}/news/maintenance"}),
    Made("product_tips", "Tips of the week", content({
        "en": Say("{{ data.tip }}", "{{ data.tip }}", (_HELLO["en"], "{{ data.text }}"), "Read on", "{{ data.text|truncate(120) }}"),
        "de": Say("{{ data.tip }}", "{{ data.tip }}", (_HELLO["de"], "{{ data.text }}"), "Weiterlesen", "{{ data.text|truncate(120) }}"),
    }, ("email", "web")), {"tip": "Three ways to brew oolong", "text": "Cooler water, a smaller pot, shorter steeps: the same leaves give five cups, each of them different.", "link": f"{SHOP}/tips/oolong"}),
    Made("weekly_offer", "Weekly offer", content({
        "en": Say("{{ data.off }} % off {{ data.what }} until Sunday", "{{ data.off }} % off {{ data.what }}", (_HELLO["en"], "this week {{ data.what }} cost {{ data.off }} % less. Members of the club see the new shelf a day earlier."),
                  "See the shelf", "Until Sunday, for members of the club."),
        "de": Say("{{ data.off }} % auf {{ data.what }} bis Sonntag", "{{ data.off }} % auf {{ data.what }}", (_HELLO["de"], "diese Woche: {{ data.off }} % auf {{ data.what }}. Mitglieder sehen das neue Regal einen Tag früher."),
                  "Zum Regal", "Bis Sonntag, für Mitglieder."),
    }, NO_SMS), {"off": 20, "what": "stoneware cups", "link": f"{SHOP}/offers/20"}),
)  # fmt: skip


async def seed_templates(app: App, keys: Container[str]) -> dict[str, int]:
    """Make and publish those of these keys that are missing; key -> revision of those made now. What somebody changed stays as it is."""
    made: dict[str, int] = {}
    for one in TEMPLATES:
        if one.key not in keys:
            continue
        try:
            await app.templates.get(BY, one.key)
        except NotFound:
            await app.templates.put(BY, one.key, TemplateIn(content=one.content, name=one.name, samples=spoken(one.samples)))
            made[one.key] = (await app.templates.publish(BY, one.key)).revision
    return made
