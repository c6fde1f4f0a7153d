"""Traffic as it was: recorded between two peers and replayed, read out of captures, and shown by Wireshark."""
