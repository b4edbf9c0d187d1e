"""Use cases and queries: they carry out what the rules decide, inside the caller's transaction."""
