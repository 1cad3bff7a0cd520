"""Why a row of an import is refused: a stable code, and what it is about; the sentence is made when it is read, in the reader's language.

Cells are personal data and stay where they stand sealed: a reason names a column, an attribute, a group or a line, never what somebody wrote there.
A code is added here and nowhere else; programs read them, so none is renamed.
"""

from collections.abc import Mapping

from msgspec import Struct

from backend.domain.errors import Erased, Invalid, Refusal

SENTENCES: dict[str, tuple[str, str]] = {  # code -> English, German; {} is what it is about
    "user_missing": ("The row has no user id. Fill it in, or leave the row out.", "Die Zeile hat keine Nutzer-ID. Tragen Sie sie ein, oder lassen Sie die Zeile weg."),
    "email_missing": ("The row has no e-mail address, which is to be the user id. Fill it in, or leave the row out.",
                      "Die Zeile hat keine E-Mail-Adresse, die hier die Nutzer-ID ist. Tragen Sie sie ein, oder lassen Sie die Zeile weg."),
    "user_invalid": ("A user id is 1 to 128 letters, digits or . _ : @ + -, and begins with a letter or digit.",
                     "Eine Nutzer-ID hat 1 bis 128 Buchstaben, Ziffern oder . _ : @ + - und beginnt mit einem Buchstaben oder einer Ziffer."),
    "user_taken": ("This user id cannot be told from another one that is in use here. Choose a different user id.",
                   "Diese Nutzer-ID lässt sich von einer anderen hier nicht unterscheiden. Wählen Sie eine andere."),
    "erased": ("This person was erased and does not come back under the same user id. Use a new user id, or leave the row out.",
               "Diese Person wurde gelöscht und kommt unter derselben Nutzer-ID nicht wieder. Nehmen Sie eine neue, oder lassen Sie die Zeile weg."),
    "duplicate": ("The same person stands in line {}, which counts.", "Dieselbe Person steht schon in Zeile {}; diese zählt."),
    "cells_too_many": ("The row has {} cells, more than the file has columns. Put cells that hold the delimiter in quotation marks.",
                       "Die Zeile hat {} Zellen, mehr als die Datei Spalten. Setzen Sie Zellen, in denen das Trennzeichen vorkommt, in Anführungszeichen."),
    "cell_invalid": ("What stands under {} is too long, or is not what the column is taken for.", "Was unter {} steht, ist zu lang oder nicht das, wofür die Spalte genommen wird."),
    "email_invalid": ("This is no e-mail address. Write it like name@example.com.", "Das ist keine E-Mail-Adresse. Schreiben Sie sie wie name@example.com."),
    "phone_invalid": ("This is no telephone number. Write it with + and the country's code, like +49 30 901820.",
                      "Das ist keine Telefonnummer. Schreiben Sie sie mit + und Landesvorwahl, etwa +49 30 901820."),
    "name_invalid": ("A name may not hold line breaks or other control characters.", "Ein Name enthält keine Zeilenumbrüche oder andere Steuerzeichen."),
    "timezone_unknown": ("There is no such time zone. Use a name of the IANA database, like Europe/Berlin.",
                         "Diese Zeitzone gibt es nicht. Nehmen Sie einen Namen der IANA-Datenbank, etwa Europe/Berlin."),
    "locale_invalid": ("A language is written like en, de or pt-BR.", "Eine Sprache wird wie en, de oder pt-BR geschrieben."),
    "not_a_number": ("{} is no number. Write it like 12.5.", "{} ist keine Zahl. Schreiben Sie sie wie 12.5."),
    "number_too_large": ("{} is too large a number to be kept exactly. Import it as text.", "{} ist eine zu große Zahl, um genau zu bleiben. Importieren Sie sie als Text."),
    "not_a_flag": ("{} is neither yes nor no. Write one of them.", "{} ist weder ja noch nein. Schreiben Sie eines davon."),
    "not_a_date": ("{} is no date. Write it like 2026-11-26.", "{} ist kein Datum. Schreiben Sie es wie 2026-11-26."),
    "attributes_too_large": ("The attributes are larger than 32 KB. Keep what notifications need.", "Die Merkmale sind größer als 32 KB. Behalten Sie, was Benachrichtigungen brauchen."),
    "groups_too_many": ("A person is in at most 1,000 groups.", "Eine Person ist in höchstens 1.000 Gruppen."),
    "group_unknown": ("There is no group {}. Create it first, then check the file again.", "Die Gruppe {} gibt es nicht. Legen Sie sie zuerst an, dann prüfen Sie die Datei erneut."),
    "other": ("The row cannot be used. The reason of each stands in the file of refused rows.", "Die Zeile ist nicht zu gebrauchen. Der Grund einer jeden steht in der Datei der abgelehnten Zeilen."),
}  # fmt: skip
_OF_FIELD = {
    "id": "user_invalid", "email": "email_invalid", "phone": "phone_invalid", "name": "name_invalid", "timezone": "timezone_unknown", "locale": "locale_invalid",
    "attributes": "attributes_too_large", "groups": "groups_too_many",
}  # fmt: skip
_EACH = ("duplicate", "cells_too_many")  # what these are about differs from row to row


class RowReason(Struct, frozen=True):
    """A code of `SENTENCES`. `about`: the column, attribute, group, line or number of cells that it names."""

    code: str
    about: str = ""

    @property
    def kind(self) -> "RowReason":
        """What rows are counted by."""
        return RowReason(self.code) if self.code in _EACH else self

    def kept(self) -> str:
        """As it stands in a row: code, blank, what it is about."""
        return f"{self.code} {self.about}".rstrip()

    def sentence(self, language: str = "en") -> str:
        """For a reader of this language."""
        english, german = SENTENCES[self.code]
        text = german if language == "de" else english
        if not self.about and self.code in _EACH:
            text = _COUNTED[self.code][language == "de"]
        return text.replace("{}", self.about)


_COUNTED = {
    "duplicate": ("The same person stands in an earlier line, which counts.", "Dieselbe Person steht schon in einer früheren Zeile; diese zählt."),
    "cells_too_many": ("The row has more cells than the file has columns. Put cells that hold the delimiter in quotation marks.",
                       "Die Zeile hat mehr Zellen als die Datei Spalten. Setzen Sie Zellen, in denen das Trennzeichen vorkommt, in Anführungszeichen."),
}  # fmt: skip


class RowRefused(Invalid):
    """This row cannot be used. Look at its reason."""

    def __init__(self, code: str, about: str = "") -> None:
        self.reason = RowReason(code, about)
        super().__init__(self.reason.sentence(), reason=code)


def reason_of(text: str) -> RowReason:
    """Of what `kept` gave; what no version of ours wrote is "other"."""
    code, _, about = text.partition(" ")
    return RowReason(code, about) if code in SENTENCES else RowReason("other")


def reason_for(refusal: Refusal) -> RowReason:
    """Of what somebody's values are refused with elsewhere, too: by the field that it names."""
    if isinstance(refusal, RowRefused):
        return refusal.reason
    if isinstance(refusal, Erased):
        return RowReason("erased")
    return RowReason(_OF_FIELD.get(str(refusal.facts.get("field", "")), "other"))


def counted(reasons: Mapping[str, int]) -> list[tuple[RowReason, int]]:
    """Kept reasons and how many rows each has, the most frequent first."""
    return [(reason_of(text), n) for text, n in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))]
