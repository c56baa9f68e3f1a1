"""Leaves MongoDB as two starts of SPIRA's own bootstrap do: all twice, the password `password`."""

import json
import os

from passlib.context import CryptContext
from pymongo import MongoClient

database = MongoClient(os.environ["M_CONN_URL"])[os.environ["DATABASE_NAME"]]
for _ in range(2):
    password = CryptContext(schemes=["bcrypt"]).hash("password")
    name = os.environ["BOOTSTRAP_MONGO_USER"]
    database.users.insert_one({"username": name, "email": "old@example.org", "password": password})
    database.hospitals.insert_one({"name": "einstein", "id": "whatever"})
print(json.dumps("done"))
