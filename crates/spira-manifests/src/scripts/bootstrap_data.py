"""Puts into MongoDB and the object store what SPIRA needs before anybody uses it.

usage: bootstrap_data.py SECONDS

Indexes, the first user, the hospitals, the model's document and the buckets. Whatever is there
already stays as it is, so this may run again, and twice at the same time. A store that is away is
asked again every few seconds; after SECONDS in all the script gives up with 1.

The first user gets the given password also when there is a user of that name with another one.
"""

import json
import os
import sys
import time
import uuid
from collections import defaultdict

PAUSE = 3  # seconds between two attempts
PATIENCE = 5  # seconds for one answer

VARIABLES = (
    "M_CONN_URL",
    "DATABASE_NAME",
    "user_collection_name",
    "hospital_collection_name",
    "model_collection_name",
    "inference_collection_name",
    "result_collection_name",
    "BOOTSTRAP_MONGO_USER",
    "BOOTSTRAP_MONGO_PASSWORD",
    "BOOTSTRAP_EMAIL",
    "BOOTSTRAP_HOSPITALS",
    "BOOTSTRAP_MODEL_NAME",
    "BOOTSTRAP_MODEL_CHANNEL",
    "minio_conn_url",
    "minio_access_key",
    "minio_secret_key",
    "bucket_name",
    "MLFLOW_BUCKET_NAME",
    "context_scheme",
)

# Collection's variable, field, whether two documents may not have the same value in it.
INDEXES = (
    ("user_collection_name", "username", True),
    ("hospital_collection_name", "name", True),
    ("model_collection_name", "name", True),
    ("model_collection_name", "publishing_channel", True),
    ("result_collection_name", "inference_id", False),
    ("result_collection_name", "diagnosis", False),
    ("inference_collection_name", "status", False),
)

# Hospitals get an id that follows from their name, so that two runs at once give the same one.
HOSPITALS = uuid.UUID("5b1f2c1e-6f0a-4f5e-9a53-0d3c7d2a9f41")

# MongoDB's codes for an index that is there under the same name or keys with other options.
OTHER_INDEX = (85, 86)


class Refused(Exception):
    """Something that will not get better by asking again."""


def log(text):
    print(text, flush=True)


def brief(error):
    """The error's text, on one line. Drivers wrap errors: what matters is at either end."""
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else "%s ... %s" % (text[:200], text[-200:])


# MongoDB


def indexes(database):
    """The unique ones first of all: they are what keeps two runs at once from doubling things."""
    for variable, field, unique in INDEXES:
        index(database[os.environ[variable]], field, unique)


def index(collection, field, unique):
    from pymongo.errors import OperationFailure

    kind = "unique index" if unique else "index"
    where = "%s.%s" % (collection.name, field)
    try:
        collection.create_index(field, unique=unique)
    except OperationFailure as error:  # A DuplicateKeyError is one, too.
        if error.code in OTHER_INDEX:
            log("%s: has an index with other options; it stays as it is" % where)
            return
        # Looked for whatever the error is: what only speaks MongoDB's protocol has another one.
        doubled = duplicates(collection, field) if unique else []
        if not doubled:
            raise
        log("%s: WITHOUT a unique index, because documents have the same value:" % where)
        for value, ids in doubled:
            log("  %s: _id %s" % (value, ", ".join(map(str, ids))))
        log("  remove all but one of each, then run this again")
    else:
        log("%s: %s" % (where, kind))


def duplicates(collection, field):
    """Values that more than one document has, with the documents' ids."""
    found = defaultdict(list)
    for document in collection.find({}, {field: 1}):
        found[repr(document.get(field))].append(document["_id"])
    return [(value, ids) for value, ids in found.items() if len(ids) > 1]


def first_user(database):
    """The user that the password is for, whatever else was made of the name before."""
    users = database[os.environ["user_collection_name"]]
    name = os.environ["BOOTSTRAP_MONGO_USER"]
    password = os.environ["BOOTSTRAP_MONGO_PASSWORD"]
    email = os.environ["BOOTSTRAP_EMAIL"]
    context = hashing()
    if insert_unless_there(
        users, {"username": name}, {"email": email, "password": context.hash(password)}
    ):
        log("user %s: created" % name)
        return
    # More than one where SPIRA's own bootstrap ran before: the API takes whichever it finds first,
    # so all of them get the password.
    for user in users.find({"username": name}):
        update = {}
        if not verifies(context, password, user.get("password")):
            update["password"] = context.hash(password)
        if user.get("email") != email:
            update["email"] = email
        if update:
            users.update_one({"_id": user["_id"]}, {"$set": update})
        log("user %s: was there; new %s" % (name, " and ".join(sorted(update)) or "nothing"))


def hashing():
    from passlib.context import CryptContext

    return CryptContext(schemes=[os.environ["context_scheme"]], deprecated="auto")


def verifies(context, password, hashed):
    try:
        return context.verify(password, hashed)
    except (TypeError, ValueError):  # Not a hash of this kind, or none.
        return False


def hospitals(database):
    collection = database[os.environ["hospital_collection_name"]]
    for name in hospital_names():
        rest = {"id": str(uuid.uuid5(HOSPITALS, name))}
        made = insert_unless_there(collection, {"name": name}, rest)
        log("hospital %s: %s" % (name, "created" if made else "was there"))


def hospital_names():
    text = os.environ["BOOTSTRAP_HOSPITALS"]
    try:
        names = json.loads(text)
    except ValueError as error:
        raise Refused("BOOTSTRAP_HOSPITALS is no JSON: %s" % error)
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise Refused("BOOTSTRAP_HOSPITALS is no list of names: %s" % text)
    return names


def model(database):
    """The document through which the API knows on which subject the model listens."""
    from pymongo.errors import DuplicateKeyError

    collection = database[os.environ["model_collection_name"]]
    name = os.environ["BOOTSTRAP_MODEL_NAME"]
    channel = {"publishing_channel": os.environ["BOOTSTRAP_MODEL_CHANNEL"]}
    if insert_unless_there(collection, {"name": name}, channel):
        log("model %s: created" % name)
        return
    try:
        changed = collection.update_many({"name": name}, {"$set": channel}).modified_count
    except DuplicateKeyError:
        changed = None
    if changed is None or not collection.find_one({"name": name}):
        raise Refused(
            "model %s cannot have the channel %s: another document of %s has it"
            % (name, channel["publishing_channel"], collection.name)
        )
    log("model %s: was there%s" % (name, "; new channel" if changed else ""))


def insert_unless_there(collection, key, rest):
    """Inserts a document unless there is one with this key; says whether it did."""
    from pymongo.errors import DuplicateKeyError

    try:
        result = collection.update_one(key, {"$setOnInsert": rest}, upsert=True)
    except DuplicateKeyError:  # Another run was faster, or another document has a unique value.
        return False
    return result.upserted_id is not None


# Object store


def buckets(store):
    for variable in ("bucket_name", "MLFLOW_BUCKET_NAME"):
        bucket(store, os.environ[variable])


def bucket(store, name):
    from minio.error import S3Error

    try:
        if store.bucket_exists(name):
            log("bucket %s: was there" % name)
            return
        store.make_bucket(name)
    except S3Error as error:
        if error.code == "InvalidBucketName":
            raise Refused("bucket %s: not a name that the object store takes" % name)
        if error.code == "BucketAlreadyExists" and not store.bucket_exists(name):
            raise Refused("bucket %s: somebody else has one of this name" % name)
        if error.code not in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
            raise
    log("bucket %s: created" % name)


# All of it


def on_mongodb(act, seconds):
    def attempt():
        from pymongo import MongoClient

        client = MongoClient(
            os.environ["M_CONN_URL"],
            serverSelectionTimeoutMS=PATIENCE * 1000,
            connectTimeoutMS=PATIENCE * 1000,
            socketTimeoutMS=int(seconds * 1000),  # An index takes as long as it takes.
        )
        try:
            act(client[os.environ["DATABASE_NAME"]])
        finally:
            client.close()

    return attempt


def on_object_store(act):
    def attempt():
        import urllib3
        from minio import Minio

        # The client's own pool obeys a `Retry-After: 60` of a MinIO that is starting, in silence.
        pool = urllib3.PoolManager(timeout=PATIENCE, retries=False)
        act(
            Minio(
                os.environ["minio_conn_url"],
                access_key=os.environ["minio_access_key"],
                secret_key=os.environ["minio_secret_key"],
                secure=False,
                http_client=pool,
            )
        )

    return attempt


def persist(name, values, act, deadline):
    """Does it, again and again if need be. Each attempt may find what an earlier one has done."""
    while True:
        try:
            return act()
        except Refused as error:
            sys.exit("%s: %s (see %s in the values)" % (name, error, values))
        except Exception as error:  # Whatever it is, it may be one of a store that is starting.
            reason = "%s: %s" % (type(error).__name__, brief(error))
        if time.monotonic() + PAUSE > deadline:
            sys.exit("%s: gave up: %s (see %s in the values)" % (name, reason, values))
        log("%s: not yet: %s" % (name, reason))
        time.sleep(PAUSE)


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    seconds = float(arguments[0])
    missing = [name for name in VARIABLES if name not in os.environ]
    if missing:
        sys.exit("variables that are not set: %s" % ", ".join(missing))
    deadline = time.monotonic() + seconds
    mongodb = "global.connections.mongodb"
    for name, values, act in (
        ("indexes", mongodb, on_mongodb(indexes, seconds)),
        ("user", mongodb, on_mongodb(first_user, seconds)),
        ("hospitals", mongodb, on_mongodb(hospitals, seconds)),
        ("model", "global.model", on_mongodb(model, seconds)),
        ("buckets", "global.connections.objectStore", on_object_store(buckets)),
    ):
        persist(name, values, act, deadline)
    log("done")


main(sys.argv[1:])
