# The compiled engine, as Python sees it; _engine.pyx is its source.

# The SHA-256 of the sources that it was built from, in hexadecimal; empty where the build did not say.
SOURCE: str
