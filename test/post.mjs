// A server for mail that takes whatever it is given, with as much of SMTP as a sender needs.
import { createServer } from "node:net";
import { after } from "node:test";

/** Where it is, and what comes next of the messages that it was given, as plain text. */
export async function post() {
  const taken = [];
  const waiting = [];
  const server = createServer((socket) => {
    let [lines, message] = ["", undefined];
    const say = (line) => socket.write(`${line}\r\n`);
    say("220 post");
    socket.on("error", () => {});
    socket.on("data", (piece) => {
      lines += piece;
      for (let end = lines.indexOf("\r\n"); end >= 0; end = lines.indexOf("\r\n")) {
        const line = lines.slice(0, end);
        lines = lines.slice(end + 2);
        if (message !== undefined && line !== ".") message += `${line.replace(/^\./, "")}\n`;
        else if (message !== undefined) {
          (waiting.shift() ?? ((text) => taken.push(text)))(plain(message));
          message = undefined;
          say("250 taken");
        } else if (line === "DATA") {
          message = "";
          say("354 go on");
        } else if (line === "QUIT") {
          say("221 bye");
          socket.end();
        } else say(line.startsWith("EHLO") ? "250 8BITMIME" : "250 well");
      }
    });
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  after(() => server.close());
  return {
    address: `smtp://127.0.0.1:${server.address().port}`,
    next: () => new Promise((comes) => (taken.length > 0 ? comes(taken.shift()) : waiting.push(comes))),
  };
}

/** A message whose quoted-printable parts are read. */
const plain = (message) =>
  Buffer.from(
    message.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString();
