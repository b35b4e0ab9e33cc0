"""Reads of a snapshot: one file per page, connection in, frame out."""
