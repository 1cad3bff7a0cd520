"""The kit: plain HTML elements under assets/carillon.css, no component framework."""
