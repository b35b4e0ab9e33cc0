"""Decision mathematics: frame in, frame out, no I/O, no clock. Imports nothing else of Fulcast."""
