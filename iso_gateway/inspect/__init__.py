"""What messages tell: their coded values in words, what was meant by broken bytes, what differs, what may be shared."""
