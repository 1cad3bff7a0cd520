"""English and German of the staff's screens, a module for each."""

from portal.words import events, overview

EN = overview.EN | events.EN
DE = overview.DE | events.DE
