"""What pages ask of a snapshot."""
