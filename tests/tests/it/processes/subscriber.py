"""Listens to NATS as SPIRA's programs do, but gives up after ATTEMPTS tries and not after sixty.

usage: subscriber.py URL ATTEMPTS [PORT]

With PORT it listens there too.
"""

import asyncio
import sys

import nats


async def main(url, attempts, port=None):
    async def closed():
        print("closed", flush=True)

    async def reconnected():
        print("reconnected", flush=True)

    async def error(reason):
        print("error: %r" % (reason,), flush=True)

    client = await nats.connect(
        url,
        max_reconnect_attempts=int(attempts),
        reconnect_time_wait=0.2,
        closed_cb=closed,
        reconnected_cb=reconnected,
        error_cb=error,
    )
    await client.subscribe("subject")
    if port:
        await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", int(port))
    print("subscribed", flush=True)
    # Deaf or not, the program stays.
    await asyncio.sleep(3600)


asyncio.run(main(*sys.argv[1:]))
