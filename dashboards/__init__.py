"""Pages that people read. Reads published snapshots; writes only through `pipelines.operations`."""
