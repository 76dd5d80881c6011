#!/usr/bin/env python3
"""An extension that says what it sees. EVENTS: what it registers for. CRASH_ON: the event, or "start", to exit 7 at."""
import http.client, json, os, sys, time


def say(text):
    print(text, flush=True)


crash_on = os.environ.get("CRASH_ON")
if crash_on == "start":
    sys.exit(7)
say("environment " + json.dumps(dict(os.environ)))
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
name = os.path.basename(sys.argv[0])
events = json.dumps({"events": json.loads(os.environ.get("EVENTS", "[]"))})
api.request("POST", "/2020-01-01/extension/register", events, {"Lambda-Extension-Name": name})
answer = api.getresponse()
say(f"registered {answer.status} {answer.read().decode().strip()}")
identifier = {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
while True:
    api.request("GET", "/2020-01-01/extension/event/next", headers=identifier)
    event = json.loads(api.getresponse().read())
    say(f"event {event['eventType']} {event.get('shutdownReason', '')}".strip())
    if crash_on == event["eventType"]:
        sys.exit(7)
    if event["eventType"] == "SHUTDOWN":
        while os.environ.get("STUBBORN"):
            time.sleep(1)
        sys.exit(0)
