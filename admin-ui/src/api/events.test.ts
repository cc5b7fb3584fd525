import { expect, test } from "vitest";
import { type Happened, hear, read } from "./events";

/** Tabs of a browser: one lock, one channel, and the connections that were opened. */
function browser() {
  const streams: { listeners: Map<string, (e: MessageEvent) => void>; open: boolean; onopen?: () => void }[] = [];
  const channels = new Set<{ onmessage?: (e: MessageEvent) => void }>();
  let held: Promise<unknown> = Promise.resolve();
  class Stream {
    listeners = new Map();
    open = true;
    onopen?: () => void;
    constructor() {
      streams.push(this);
    }
    addEventListener(kind: string, listener: never) {
      this.listeners.set(kind, listener);
    }
    close() {
      this.open = false;
    }
  }
  class Channel {
    onmessage?: (e: MessageEvent) => void;
    constructor() {
      channels.add(this);
    }
    postMessage(data: unknown) {
      for (const other of channels) if (other !== this) other.onmessage?.({ data } as MessageEvent);
    }
    close() {
      channels.delete(this);
    }
  }
  const locks = {
    request: (_: string, { signal }: { signal: AbortSignal }, lead: () => Promise<void>) => {
      held = held.then(() => (signal.aborted ? undefined : lead()));
      return held;
    },
  };
  return { streams, of: { EventSource: Stream, BroadcastChannel: Channel, locks } as never };
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("one tab listens for all, and the next takes over when it goes", async () => {
  const { streams, of } = browser();
  const heard: [string, Happened][] = [];
  const end = hear("ada", (h) => heard.push(["first", h]), of, 0);
  hear("ada", (h) => heard.push(["second", h]), of, 0);
  await settled();
  expect(streams).toHaveLength(1);
  const data = '{"object":"lead","id":"1","version":2,"did":"changed"}';
  streams[0]?.listeners.get("record")?.({ data } as MessageEvent);
  const record = { kind: "record", object: "lead", id: "1", version: 2, did: "changed" };
  expect(heard).toEqual([
    ["second", record],
    ["first", record],
  ]);
  end();
  await settled();
  expect(streams.map((s) => s.open)).toEqual([false, true]);
  heard.length = 0;
  streams[1]?.onopen?.();
  expect(heard).toEqual([["second", { kind: "reset" }]]); // what happened in between was missed
});

test("what can't be read is nothing", () => {
  expect(read("record", "{")).toBeUndefined();
  expect(read("weather", "{}")).toBeUndefined();
  expect(read("revision", '{"revision":7}')).toEqual({ kind: "revision", revision: 7 });
});
