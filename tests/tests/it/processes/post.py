"""Posts inferences to SPIRA's API and prints, as JSON, how each ended.

usage: post.py HOST:PORT COUNT USERS [SECONDS]

COUNT posts by USERS at a time, each user pausing SECONDS between two. `ok` has the ids that were
acknowledged, `failed` the statuses of the others, `seconds` what each acknowledged one took.
"""

import http.client
import json
import os
import sys
import threading
import time

FIELDS = {
    "gender": "M", "age": "23", "rgh": "fake_rgh", "covid_status": "Sim", "mask_type": "None",
    "local": "hospital_1", "cid": "fake_cid", "bpm": "fake_bpm", "respiratory_frequency": "123",
    "respiratory_insufficiency_status": "Sim", "location": "h1", "last_positive_diagnose_date": "",
    "hospitalized": "TRUE", "hospitalization_start": "2022-07-18T17:07:16.954632",
    "hospitalization_end": "2022-07-18T17:07:16.954632", "spo2": "123",
}  # fmt: skip
BOUNDARY = "boundary-of-the-parts"


def request(method, path, body=None, head=None):
    connection = http.client.HTTPConnection(sys.argv[1], timeout=150)
    try:
        connection.request(method, path, body, head or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def form(model):
    lines = []
    for name, value in dict(FIELDS, model_id=model).items():
        lines += ["--" + BOUNDARY, 'Content-Disposition: form-data; name="%s"' % name, "", value]
    for name in ("aceite", "sustentada", "parlenda", "frase"):
        head = 'Content-Disposition: form-data; name="%s"; filename="%s.wav"' % (name, name)
        lines += ["--" + BOUNDARY, head, "Content-Type: audio/wav", "", "RIFF"]
    return "\r\n".join(lines + ["--" + BOUNDARY + "--", ""]).encode()


def main(count, users, pause):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    status, body = request("POST", "/v1/users/auth", "username=user&password=password", kind)
    assert status == 200, (status, body)
    login = json.loads(body)
    bearer = {"Authorization": "Bearer " + login["access_token"]}
    model = json.loads(request("GET", "/v1/models/", None, bearer)[1])["models"][0]["id"]
    head = dict(bearer, **{"Content-Type": "multipart/form-data; boundary=" + BOUNDARY})
    path, data = "/v1/users/%s/inferences" % login["id"], form(model)
    left, lock = [count], threading.Lock()
    ended = {"ok": [], "failed": [], "seconds": []}

    def user():
        while True:
            with lock:
                if left[0] == 0:
                    return
                left[0] -= 1
            began = time.monotonic()
            try:
                status, body = request("POST", path, data, head)
            except (OSError, http.client.HTTPException) as error:
                status, body = type(error).__name__, b""
            took = time.monotonic() - began
            with lock:
                if status == 200:
                    ended["ok"].append(json.loads(body)["inference_id"])
                    ended["seconds"].append(took)
                else:
                    ended["failed"].append(status)
            time.sleep(pause)

    threads = [threading.Thread(target=user) for _ in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(ended))


if os.path.basename(sys.argv[0]) == "post.py":
    main(int(sys.argv[2]), int(sys.argv[3]), float((sys.argv[4:] or ["0"])[0]))
