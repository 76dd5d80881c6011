// Resolves names as Node's programs do, and asks one over HTTP. Prints a line for each.
const dns = require("dns");
const http = require("http");

for (const name of process.argv.slice(2)) {
  dns.lookup(name, (error) => console.log(name, "lookup", error ? error.code : "found"));
  // Nothing listens on port 1 of this machine: who is refused there has resolved the name.
  http.get({ host: name, port: 1 }).on("error", (error) => console.log(name, "http", error.code));
}
