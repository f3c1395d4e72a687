// @tus/server with its file store, as its documentation starts it: node tus_server.mjs PORT FOLDER [PATH]
// Says its port on standard output once it listens (0 takes any free one). With PATH it stands where our stations look
// for uploads: what they sign in at gives every one of them a session, and it ends when standard input ends.
import http from "node:http";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [port, folder, path] = process.argv.slice(2);
const tus = new Server({
  path: path ?? "/files",
  relativeLocation: true,
  datastore: new FileStore({ directory: folder }),
});
const listening = http.createServer((asked, answer) => {
  if (path && asked.url.endsWith("/session")) {
    asked.resume();
    answer.writeHead(200, { "Content-Type": "application/json" });
    answer.end(JSON.stringify({ token: "anybody", expires_at: "2099-01-01T00:00:00Z" }));
    return;
  }
  tus.handle(asked, answer);
});
listening.listen(Number(port), "127.0.0.1", () => console.log(JSON.stringify({ port: listening.address().port })));
if (path) process.stdin.on("end", () => process.exit(0)).resume();
