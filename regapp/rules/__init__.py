"""Decisions: plain values in, decisions with reasons out. No database, no Flask, no clock, no sentences."""
