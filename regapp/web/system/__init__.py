"""For machines that watch over us."""
