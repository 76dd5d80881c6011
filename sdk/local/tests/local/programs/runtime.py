#!/usr/bin/env python3
"""A runtime that does what the event says: answer, fail, exit, hang, or spawn a child that outlives it."""
import http.client, json, os, signal, subprocess, sys, time


def say(text):
    print(text, flush=True)


def terminated(*_):
    say("terminated")
    sys.exit(0)


signal.signal(signal.SIGTERM, terminated)
say("environment " + json.dumps(dict(os.environ)))
say("arguments " + json.dumps(sys.argv[1:]))
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/"
if os.environ.get("FAIL_INIT"):
    headers = {"Lambda-Runtime-Function-Error-Type": "Runtime.BadInit"}
    api.request("POST", base + "init/error", '{"errorType":"T","errorMessage":"no"}', headers)
    api.getresponse().read()
    sys.exit(1)
while True:
    api.request("GET", base + "invocation/next")
    answer = api.getresponse()
    event = json.loads(answer.read())
    path = base + "invocation/" + answer.headers["Lambda-Runtime-Aws-Request-Id"]
    what = event.get("do")
    if what == "exit":
        sys.exit(event["code"])
    if what == "hang":
        time.sleep(600)
    if what == "spawn":
        child = subprocess.Popen(["sleep", "600"])
        say(f"child {child.pid}")
    if what == "fail":
        headers = {"Lambda-Runtime-Function-Error-Type": "Function.Failed"}
        api.request("POST", path + "/error", '{"errorType":"T","errorMessage":"no"}', headers)
    else:
        body = json.dumps({"pid": os.getpid(), "event": event})
        api.request("POST", path + "/response", body)
    api.getresponse().read()
