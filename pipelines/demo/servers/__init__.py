"""The demo merchant's channels as local HTTP servers that speak each platform's API, faults included. Not here: the merchant's files."""
