"""The demo's people: twelve with a story, and thousands made of lists of names. Pure: the same number makes the same people.

Addresses are reserved ones (example.com and example.org, RFC 2606), telephone numbers are those kept for fiction: 555-01xx in North
America, 07700 900xxx in the United Kingdom (Ofcom), 06 39 98 xx xx in France (Arcep).
"""

import unicodedata
from collections.abc import Iterator
from random import Random

import msgspec

from backend.app.views import PreferencesIn, QuietHoursIn

NIGHT = ("22:00", "08:00")
QUIET = PreferencesIn(quiet_hours=[QuietHoursIn(*NIGHT)])
GROUPS = (("customers", "Customers", 0.82), ("newsletter", "Newsletter", 0.22), ("loyal", "Loyalty club", 0.13), ("beta", "Beta testers", 0.03))
ORIGIN = "demo"  # the attribute `origin` of the crowd: campaigns of the demo reach nobody else
MARKETING = ("product", "marketing")  # categories that need a recorded yes


class Someone(msgspec.Struct, frozen=True):
    """A person of the demo. `zone` "night": one where it is late in the evening when the demo starts. `seed`: of everything else."""

    user: str
    name: str
    zone: str
    locale: str = "en"
    phone: bool | str = True
    device: bool = True
    wishes: PreferencesIn | None = None
    groups: tuple[str, ...] = ("customers",)
    mail: str = ""  # the address, when it is not made of the user id
    devices: int = 1
    city: str = ""
    plan: str = ""


PEOPLE = (
    Someone("mia", "Mia Lindner", "Europe/Berlin", "de-DE"),
    Someone("ravi", "Ravi Menon", "Asia/Kolkata", wishes=PreferencesIn(consents={"marketing": True, "product": True})),
    Someone("noor", "Noor Haddad", "night", wishes=QUIET),
    Someone("sofia", "Sofia Duarte", "America/Sao_Paulo", wishes=PreferencesIn(matrix={"orders": {"sms": False}})),
    Someone("kenji", "Kenji Mori", "Asia/Tokyo", phone=False),
    Someone("amara", "Amara Okafor", "Africa/Lagos", device=False),
    Someone("lucas", "Lucas Berg", "Europe/Oslo", wishes=PreferencesIn(channels={"email": False})),
    Someone("zoe", "Zoe Carter", "America/New_York", wishes=PreferencesIn(consents={"product": True})),
    Someone("jonas", "Jonas Weiss", "Europe/Vienna", "de-AT", wishes=QUIET),
    Someone("aroha", "Aroha Ngata", "Pacific/Auckland"),
    Someone("diego", "Diego Ramos", "America/Los_Angeles", wishes=PreferencesIn(categories={"chat": False})),
    Someone("emma", "Emma Dubois", "Europe/Paris", phone=False, device=False),
)

# where people live: share, zone, locale, city, telephone, first names, family names
_PLACES: tuple[tuple[int, str, str, str, str, str, str], ...] = (
    (11, "Europe/Berlin", "de-DE", "Hamburg", "us", "Anna Ben Clara David Elif Felix Greta Hannah Ida Jan Klara Leon Marie Nico Paula Tim",
     "Bauer Becker Fischer Hartmann Hofmann Koch Krause Krüger Lange Meier Neumann Richter Schäfer Schulz Vogel Wolf"),
    (3, "Europe/Vienna", "de-AT", "Graz", "us", "Alma Anton Emilia Florian Jakob Johanna Lorenz Magdalena Moritz Theresa",
     "Auer Eder Fuchs Gruber Huber Lechner Mayer Moser Pichler Steiner"),
    (9, "Europe/London", "en-GB", "Leeds", "uk", "Alfie Amelia Arthur Callum Ella Freya George Imogen Isla Jack Oliver Poppy Rhys Sana",
     "Barker Bennett Clarke Davies Evans Gray Hughes Khan Morgan Owen Palmer Shaw Walker Wright"),
    (9, "America/New_York", "en-US", "Boston", "us", "Aaron Ava Brianna Caleb Daniel Emily Grace Hannah Jordan Madison Noah Olivia Sarah Tyler",
     "Adams Brooks Campbell Diaz Foster Green Harris Jackson Kelly Lewis Miller Nguyen Parker Reed"),
    (5, "America/Chicago", "en-US", "Austin", "us", "Abigail Chloe Dylan Ethan Faith Isaac Julia Lauren Mason Natalie Owen Riley",
     "Allen Bell Carter Collins Hayes Jenkins Long Mitchell Price Ross Turner Ward"),
    (6, "America/Los_Angeles", "en-US", "Oakland", "us", "Aiden Bianca Carlos Elena Gabriel Ivy Leo Maya Nina Oscar Ruby Sofia",
     "Chavez Chen Flores Garcia Kim Lopez Martinez Patel Rivera Santos Tran Wong"),
    (7, "Europe/Paris", "fr-FR", "Lyon", "fr", "Adèle Baptiste Camille Chloé Élise Gabin Hugo Inès Jules Léa Louis Manon Nathan Théo",
     "Bernard Blanc Chevalier Fontaine Girard Lambert Leroy Mercier Moreau Petit Robin Rousseau Simon Vidal"),
    (5, "Europe/Madrid", "es-ES", "Sevilla", "us", "Alba Álvaro Carmen Diego Elena Hugo Irene Javier Lucía Marta Pablo Sara",
     "Alonso Castro Delgado Gil Herrera Iglesias Molina Navarro Ortega Rubio Serrano Vega"),
    (4, "Europe/Rome", "it-IT", "Torino", "us", "Alessia Andrea Chiara Davide Elisa Federico Giulia Lorenzo Marco Paola Sofia Tommaso",
     "Bianchi Colombo Conti Esposito Ferrari Gallo Greco Marino Ricci Romano Russo Villa"),
    (4, "Europe/Amsterdam", "nl-NL", "Utrecht", "us", "Bram Daan Eva Fleur Iris Jasper Lotte Noor Sanne Sem Thijs Tess",
     "Bakker Bos Dekker Jansen Mulder Peters Smit Visser Vos Willems"),
    (3, "Europe/Stockholm", "sv-SE", "Malmö", "us", "Alva Axel Ebba Elsa Erik Freja Hugo Linnea Nils Saga", "Berg Dahl Ek Holm Lund Nyström Sandberg Sjöberg Wallin Åberg"),
    (3, "Europe/Warsaw", "pl-PL", "Kraków", "us", "Adam Agata Jakub Julia Kacper Maja Marek Ola Piotr Zofia", "Adamski Duda Kaczmarek Lis Mazur Nowak Pawlak Sikora Wrona Zając"),
    (4, "Europe/Istanbul", "tr-TR", "İzmir", "us", "Aylin Berk Cem Deniz Ece Emre Kerem Leyla Selin Zeynep", "Aksoy Arslan Aydın Çelik Demir Kaya Koç Öztürk Şahin Yılmaz"),
    (5, "America/Sao_Paulo", "pt-BR", "Curitiba", "us", "Ana Beatriz Bruno Caio Fernanda Gustavo Helena Larissa Mateus Rafael Thiago Vitória",
     "Almeida Barbosa Cardoso Costa Freitas Lima Melo Moraes Oliveira Ribeiro Rocha Teixeira"),
    (3, "America/Mexico_City", "es-MX", "Puebla", "us", "Alejandra Daniela Emiliano Fernando Jimena Mateo Regina Rodrigo Valeria Ximena",
     "Aguilar Cruz Domínguez Guerrero Juárez Mendoza Ramírez Reyes Salazar Vargas"),
    (7, "Asia/Kolkata", "en-IN", "Pune", "us", "Aditi Arjun Divya Ishaan Kavya Meera Nikhil Priya Rahul Rohan Sneha Vikram",
     "Bhat Chopra Desai Gupta Iyer Joshi Kapoor Mehta Nair Rao Sharma Singh"),
    (5, "Asia/Tokyo", "ja-JP", "Nagoya", "us", "Aoi Daiki Haruka Hiroto Kaito Mei Ren Sakura Sota Yui", "Fujita Hayashi Ito Kato Nakamura Sato Suzuki Takahashi Tanaka Yamamoto"),
    (2, "Asia/Seoul", "ko-KR", "Busan", "us", "Dahyun Eunji Hyunwoo Jihoon Minseo Seojun Sora Yuna", "Choi Han Jung Kang Lee Lim Park Yoon"),
    (2, "Africa/Lagos", "en-NG", "Ibadan", "us", "Adaeze Chidi Emeka Folake Ifeoma Kunle Ngozi Tunde", "Adeyemi Balogun Eze Ibrahim Nwosu Obi Okoro Uche"),
    (1, "Africa/Nairobi", "en-KE", "Nakuru", "us", "Akinyi Barasa Juma Makena Njeri Otieno Wairimu Zawadi", "Kamau Kariuki Kimani Maina Mutua Odhiambo Wanjiru Waweru"),
    (2, "Australia/Sydney", "en-AU", "Newcastle", "us", "Archie Charlotte Finn Georgia Harper Lachlan Mila Zara", "Bailey Cooper Doyle Ellis Murray Quinn Sutton Webb"),
    (1, "Pacific/Auckland", "en-NZ", "Dunedin", "us", "Ari Kaia Manaia Mere Nikau Tama Tia Wiremu", "Harrison Kingi Ngata Parata Rangi Tamati Walsh Whetu"),
)  # fmt: skip
_AREAS = (
    201, 202, 203, 206, 207, 208, 212, 213, 214, 216, 218, 219, 224, 225, 228, 229, 231, 239, 240, 248,
    252, 253, 256, 260, 267, 270, 281, 301, 303, 304, 305, 307, 308, 309, 310, 312, 313, 315, 316, 317,
    318, 319, 320, 321, 323, 330, 334, 336, 337, 339, 347, 352, 360, 361, 385, 386, 401, 402, 404, 405,
)  # fmt: skip
_PLANS = ("free", "free", "free", "plus", "plus", "family")


def crowd(size: int) -> Iterator[Someone]:
    """`size` people besides the twelve, in a fixed order."""
    rng = Random("carillon demo")  # noqa: S311 - nobody's secret: the same people every time
    shares = [place[0] for place in _PLACES]
    taken: dict[str, int] = {}
    for n in range(size):
        _, zone, locale, city, phone, first, last = rng.choices(_PLACES, shares)[0]
        name = f"{rng.choice(first.split())} {rng.choice(last.split())}"
        user = _plain(name)
        taken[user] = taken.get(user, 0) + 1
        if taken[user] > 1:
            user = f"{user}{taken[user]}"
        yield Someone(
            user=user, name=name, zone=zone, locale=locale, phone=_number(phone, n) if rng.random() < 0.62 else False,
            device=rng.random() < 0.56, wishes=_wishes(rng), groups=tuple(key for key, _, share in GROUPS if rng.random() < share),
            mail=f"{user}@example.{'org' if n % 3 == 0 else 'com'}" if rng.random() < 0.97 else "-", devices=1 + (rng.random() < 0.1),
            city=city, plan=rng.choice(_PLANS),
        )  # fmt: skip


def mail_of(one: Someone) -> str | None:
    """Their address, None for those who have none."""
    return None if one.mail == "-" else one.mail or f"{one.user}@example.com"


def phone_of(one: Someone, n: int) -> str | None:
    """Their number; `n` tells apart those who have one without saying which."""
    if isinstance(one.phone, str):
        return one.phone
    return _number("us", n) if one.phone else None


def _number(kind: str, n: int) -> str:
    if kind == "uk":
        return f"+447700900{n % 1000:03d}"
    if kind == "fr":
        return f"+3363998{n % 10_000:04d}"
    return f"+1{_AREAS[n // 100 % len(_AREAS)]}55501{n % 100:02d}"


def _wishes(rng: Random) -> PreferencesIn | None:
    """What they want otherwise than the rest: few say anything, and most who do want quiet nights or less mail."""
    quiet = [QuietHoursIn(rng.choice(("21:00", "22:00", "22:30", "23:00")), rng.choice(("06:30", "07:00", "08:00")))] if rng.random() < 0.24 else None
    consents = {key: rng.random() < 0.93 for key in MARKETING if rng.random() < 0.46}
    channels: dict[str, bool | None] = {channel: False for channel, share in (("email", 0.03), ("push", 0.05), ("sms", 0.08)) if rng.random() < share}
    matrix: dict[str, dict[str, bool | None]] = {"orders": {"push": False}} if rng.random() < 0.06 else {}
    categories: dict[str, bool | None] = {"chat": False} if rng.random() < 0.05 else {}
    if not (quiet or consents or channels or matrix or categories):
        return None
    return PreferencesIn(channels=channels, categories=categories, matrix=matrix, quiet_hours=quiet, consents=consents)


def _plain(name: str) -> str:
    """`Élise Krüger` -> `elise.kruger`: what a user id and an address may hold."""
    bare = unicodedata.normalize("NFKD", name.replace("ı", "i").replace("ł", "l").replace("Ł", "L").replace("ø", "o"))
    return "".join(c for c in bare.lower() if c.isascii() and (c.isalnum() or c == " ")).strip().replace(" ", ".")
