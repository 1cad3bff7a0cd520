"""English and German of the staff's screens, a module for each."""

from portal.words import events, overview, people

EN = overview.EN | events.EN | people.EN
DE = overview.DE | events.DE | people.DE
