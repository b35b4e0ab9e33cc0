"""The canonical record: merging payloads so that any order of arrival gives the same tables."""
