// Ends each invocation as its path asks, under AWS's own Node client.
import { setTimeout as sleep } from "node:timers/promises";

if (process.env.FAIL_INIT) throw new RangeError("init failed");

export async function handler(event) {
  const path = event.rawPath;
  if (path === "/handler-error") throw new TypeError("the handler failed");
  if (path === "/crash") process.exit(7);
  if (path === "/timeout") await sleep(600_000);
  return { statusCode: 200, body: path };
}

export const streaming = awslambda.streamifyResponse(async (event, stream) => {
  const body = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "x-a": "b" } });
  body.write("first");
  await sleep(20);
  if (event.rawPath === "/stream-error") throw new TypeError("the stream failed");
  body.write("last");
  body.end();
});
