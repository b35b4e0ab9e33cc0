"""Pages: one short file each."""
