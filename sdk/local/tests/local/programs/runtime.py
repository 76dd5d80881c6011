#!/usr/bin/env python3
"""A runtime that does what the event says: answer, fail, exit, hang, or spawn a child that outlives it."""
import http.client, json, os, signal, socket, subprocess, sys, time


def say(text):
    print(text, flush=True)


def terminated(*_):
    say("terminated")
    sys.exit(0)


def stream(path, pieces, breaks_off):
    """Answers as AWS's Node.js client streams: a prelude, eight NULs, then data; or breaks off before the end."""
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    connection = socket.create_connection((host, int(port)))
    head = f"POST {path}/response HTTP/1.1\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
    head += "Content-Type: application/vnd.awslambda.http-integration-response\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head.encode())
    for piece in [b'{"statusCode":201,"headers":{"x-a":"b"},"cookies":["c=1"]}', bytes(8), *pieces]:
        connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    if not breaks_off:
        connection.sendall(b"0\r\n\r\n")
        connection.recv(4096)
    connection.close()


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
    if "body" in event.get("queryStringParameters", {}):
        event = json.loads(event["queryStringParameters"]["body"])
    path = base + "invocation/" + answer.headers["Lambda-Runtime-Aws-Request-Id"]
    what = event.get("do")
    if what == "exit":
        sys.exit(event["code"])
    if what == "hang":
        time.sleep(600)
    if what == "spawn":
        child = subprocess.Popen(["sleep", "600"])
        say(f"child {child.pid}")
    if what == "stream":
        stream(path, [b"one", b"two"], event.get("breaks_off"))
        continue
    if what == "fail":
        headers = {"Lambda-Runtime-Function-Error-Type": "Function.Failed"}
        api.request("POST", path + "/error", '{"errorType":"T","errorMessage":"no"}', headers)
    else:
        body = json.dumps({"pid": os.getpid(), "event": event})
        api.request("POST", path + "/response", body)
    api.getresponse().read()
