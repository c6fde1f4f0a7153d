"""For test suites: a mock host, a gateway and a terminal as fixtures of pytest.

`plugin` is what pytest loads at every start, so it imports nothing but pytest until a fixture is asked for; `options`
reads what a test or a project says of them. `background` runs trio on a thread of its own, so that tests may be plain
functions, or coroutines of asyncio or trio; `host`, `gateway` and `terminal` run on it and are what tests hold in their
hands.
"""
