"""English and German of charts and of the page Analytics."""

EN = {
    "chart.none": "Nothing was counted in this time.",
    "chart.table": "Show as table",
    "chart.drawing": "Show as chart",
}
DE = {
    "chart.none": "In diesem Zeitraum wurde nichts gezählt.",
    "chart.table": "Als Tabelle zeigen",
    "chart.drawing": "Als Diagramm zeigen",
}
