"""Figures: `python -m bench` starts everything, measures, stops it again, writes what it saw. See docs/figures.md."""
