"""Stands for SPIRA's API server: its HTTP API, its listener, and the ways in which both fail.

usage: api_standin.py PORT

Written from what is known of the program (SPIRA contract B4 to B8), not from its source. As there:
one connection object to NATS for all requests, connected and closed by each of them, so that two at
once disturb each other (defect 7); stores are asked in the event loop, which stalls (8); the
inference is stored before recordings and publishing (9), its result after them (6); errors are
plain text 500; the listener writes what it hears and forgets what it cannot write.
"""

import asyncio
import datetime
import email.parser
import email.policy
import io
import json
import os
import sys
import urllib.parse

import nats
import urllib3
from bson import ObjectId
from minio import Minio
from nats.aio.client import Client
from pymongo import MongoClient

FIELDS = (
    "rgh", "covid_status", "mask_type", "gender", "local", "cid", "bpm", "respiratory_frequency",
    "respiratory_insufficiency_status", "location", "last_positive_diagnose_date", "hospitalized",
    "hospitalization_start", "hospitalization_end", "spo2", "age", "model_id",
)  # fmt: skip
OPTIONAL = ("last_positive_diagnose_date", "hospitalization_start", "hospitalization_end", "spo2", "age")
FILES = ("aceite", "sustentada", "parlenda", "frase")
USER, TOKEN = "0" * 24, "token"

url = os.environ["nats_conn_url"]
client = MongoClient(os.environ["M_CONN_URL"], serverSelectionTimeoutMS=5000)
database = client[os.environ["DATABASE_NAME"]]
inferences, results, models = database["inferences"], database["results"], database["models"]
bucket, extension = os.environ["bucket_name"], os.environ["file_extension"]
store = Minio(
    os.environ["minio_conn_url"],
    access_key=os.environ["minio_access_key"],
    secret_key=os.environ["minio_secret_key"],
    secure=False,
    http_client=urllib3.PoolManager(timeout=5, retries=False),
)
publisher = Client()  # The one object that all requests share.


class Refused(Exception):
    pass


async def create(head, body):
    raw = b"Content-Type: " + head["content-type"].encode() + b"\r\n\r\n" + body
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(raw)
    parts = {p.get_param("name", header="content-disposition"): p.get_payload(decode=True) for p in form.iter_parts()}
    document = {}
    for name in FIELDS:
        text = parts[name].decode() if name in parts or name not in OPTIONAL else ""
        document[name] = text or (None if name in OPTIONAL else text)
    if document["age"] is not None:
        document["age"] = int(document["age"])
    document.update(user_id=USER, status="processing", created_in=str(datetime.datetime.now()))
    model = models.find_one({"_id": ObjectId(document["model_id"])})
    if not model:
        raise Refused(404)
    inference = str(inferences.insert_one(document).inserted_id)
    for name in FILES:
        if name in parts or name != "frase":
            store.put_object(bucket, "%s/%s%s" % (inference, name, extension), io.BytesIO(parts[name]), len(parts[name]))
    message = dict(document, id=inference)
    del message["_id"]
    await publisher.connect(url)
    await publisher.publish(model["publishing_channel"], json.dumps(message).encode())
    await publisher.close()
    results.insert_one({"inference_id": inference, "output": [-1], "diagnosis": "not available"})
    return {"inference_id": inference}


def public(document):
    document = dict(document)
    document["id"] = str(document.pop("_id"))
    return document


async def answer(method, path, head, body):
    if path == "/docs":
        return "docs"
    if path == "/v1/users/auth":
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if (form.get("username"), form.get("password")) != ("user", "password"):
            raise Refused(401)
        return {"id": USER, "access_token": TOKEN, "token_type": "bearer"}
    if head.get("authorization") != "Bearer " + TOKEN:
        raise Refused(401)
    if path == "/v1/models/":
        return {"models": [public(d) for d in models.find()]}
    if path == "/v1/hospitals/":
        return {"hospitals": [public(d) for d in database["hospitals"].find()]}
    parts = path.strip("/").split("/")
    if parts[:2] != ["v1", "users"] or parts[3:4] != ["inferences"]:
        raise Refused(404)
    if method == "POST":
        return await create(head, body)
    if len(parts) == 4:
        return {"inferences": [public(d) for d in inferences.find()]}
    inference = inferences.find_one({"_id": ObjectId(parts[4])})
    if not inference:
        raise Refused(404)
    if len(parts) == 5:
        return public(inference)
    return {"inference": public(inference), "result": public(results.find_one({"inference_id": parts[4]}))}


async def connected(reader, writer):
    try:
        while True:
            line = (await reader.readline()).decode().split()
            if len(line) != 3:
                return
            head = {}
            while True:
                name, _, value = (await reader.readline()).decode().partition(":")
                if not value:
                    break
                head[name.lower()] = value.strip()
            body = await reader.readexactly(int(head.get("content-length", 0)))
            try:
                status, text = 200, json.dumps(await answer(line[0], line[1], head, body))
            except Refused as refused:
                status, text = refused.args[0], json.dumps({"detail": "refused"})
            except Exception as error:
                print("500: %r" % error, flush=True)
                status, text = 500, "Internal Server Error"
            data = text.encode()
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(data)) + data)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def heard(message):
    try:
        result = json.loads(message.data)
        written = {"output": result["output"], "diagnosis": result["diagnosis"]}
        results.update_one({"inference_id": result["inference_id"]}, {"$set": written})
        inferences.update_one({"_id": ObjectId(result["inference_id"])}, {"$set": {"status": "completed"}})
    except Exception as error:
        print("dropped: %r" % error, flush=True)


async def main(port):
    listener = await nats.connect(url)
    await listener.subscribe(os.environ["central_channel"], cb=heard)
    await asyncio.start_server(connected, "127.0.0.1", port)
    print("serving", flush=True)
    await asyncio.sleep(3600)


asyncio.run(main(int(sys.argv[1])))
