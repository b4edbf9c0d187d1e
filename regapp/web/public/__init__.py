"""Pages for visitors: events, registering, one's own registration."""
