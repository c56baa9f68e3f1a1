"""Stands for SPIRA's inference server: takes requests, reads recordings, publishes results.

usage: inference_standin.py SECONDS

Each request takes SECONDS; with a negative number it answers none. As in the program (SPIRA contract B5, B7) a request that fails is dropped,
and each result goes out on a connection of its own. Prints each request that it gets, as JSON.
"""

import asyncio
import json
import os
import sys

import nats
import urllib3
from minio import Minio

url = os.environ["nats_conn_url"]
store = Minio(
    os.environ["minio_conn_url"],
    access_key=os.environ["minio_access_key"],
    secret_key=os.environ["minio_secret_key"],
    secure=False,
    http_client=urllib3.PoolManager(timeout=5, retries=False),
)


async def heard(message):
    print(message.data.decode(), flush=True)
    if float(sys.argv[1]) < 0:
        return
    try:
        request = json.loads(message.data)
        for name in ("aceite", "sustentada", "parlenda"):
            path = "%s/%s%s" % (request["id"], name, os.environ["file_extension"])
            store.get_object(os.environ["bucket_name"], path).close()
        await asyncio.sleep(float(sys.argv[1]))
        result = {"inference_id": request["id"], "output": [1, 2, 3, 4], "diagnosis": "fixed"}
        publisher = await nats.connect(url)
        await publisher.publish(os.environ["central_channel"], json.dumps(result).encode())
        await publisher.close()
    except Exception as error:
        print("dropped: %r" % error, flush=True)


async def main():
    client = await nats.connect(url)
    await client.subscribe(os.environ["receiving_channel"], cb=heard)
    await client.flush()
    print("listening", flush=True)
    await asyncio.sleep(3600)


asyncio.run(main())
