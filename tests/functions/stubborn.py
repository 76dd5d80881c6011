"""A runtime of its own kind: where its question for an event fails, it asks again instead of exiting."""
import http.client
import os

RUNTIME = "/2018-06-01/runtime/invocation/"


def ask(method, path, body=None):
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request(method, RUNTIME + path, body)
    answer = api.getresponse()
    return answer.headers["Lambda-Runtime-Aws-Request-Id"], answer.read()


while True:
    try:
        request_id, event = ask("GET", "next")
    except http.client.HTTPException:
        continue
    ask("POST", f"{request_id}/response", event)
