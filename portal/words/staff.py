"""English and German of the staff's screens, a module for each."""

from portal.words import events, groups, overview, people

EN = overview.EN | events.EN | people.EN | groups.EN
DE = overview.DE | events.DE | people.DE | groups.DE
