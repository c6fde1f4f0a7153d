"""Other libraries' interfaces on our codec."""
