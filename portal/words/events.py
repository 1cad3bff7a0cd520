"""English and German of events: the list and one event."""

EN = {
    "nav.events": "Events",
}
DE = {
    "nav.events": "Ereignisse",
}
