"""Marks each inference as completed and leaves its result as it is, as SPIRA's API server does when the result comes
before its document (SPIRA contract B8, no. 6).

usage: complete_without_result.py
"""

import os
import time

from pymongo import MongoClient

inferences = MongoClient(os.environ["M_CONN_URL"])[os.environ["DATABASE_NAME"]]["inferences"]
print("completing", flush=True)
while True:
    inferences.update_many({"status": "processing"}, {"$set": {"status": "completed"}})
    time.sleep(0.1)
