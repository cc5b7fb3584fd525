// What happens on the server, as it happens. Of all tabs of a browser one listens and tells the others.
import { doubt } from "./connection";

export type Happened =
  | {
      kind: "record";
      object: string;
      id: string;
      version: number;
      did: "created" | "changed" | "deleted";
      /** Something changed that the version does not count: roll-ups, comments. */
      aside?: boolean;
    }
  | { kind: "revision"; revision: number }
  | { kind: "notification"; unread: number }
  /** Something may have been missed. */
  | { kind: "reset" };

const kinds = ["record", "revision", "notification", "reset"] as const;

/** What an event of the stream says; undefined for what nobody knows. */
export function read(kind: string, text: string): Happened | undefined {
  if (!(kinds as readonly string[]).includes(kind)) return undefined;
  try {
    return { ...(JSON.parse(text) as object), kind } as Happened;
  } catch {
    return undefined;
  }
}

const pause = 30_000; // ms until a stream that was refused is tried again

interface Browser {
  EventSource: typeof EventSource;
  BroadcastChannel: typeof BroadcastChannel;
  locks: LockManager | undefined;
  /** Is told that the stream broke. */
  doubt?(): void;
}

/**
 * Hears what happens to what somebody may see, until the function that is returned is called. The tab that holds
 * the lock has the connection; when it goes, the next one takes over and is told that something may be missed.
 */
export function hear(
  who: string,
  tell: (happened: Happened) => void,
  browser: Browser = here(),
  soon = 5000,
): () => void {
  const begun = Date.now();
  const others = new browser.BroadcastChannel(`formwork.${who}`);
  others.onmessage = (message: MessageEvent<Happened>) => tell(message.data);
  const end = new AbortController();
  const all = (happened: Happened) => {
    others.postMessage(happened);
    tell(happened);
  };
  /** Resolves when the stream is over: at the end, or where the server refuses it. */
  const listen = () =>
    new Promise<void>((resolve) => {
      const stream = new browser.EventSource("/api/v1/events");
      let opened = false;
      stream.onerror = () => {
        browser.doubt?.();
        if (stream.readyState === 2) resolve(); // closed; else it connects anew by itself
      };
      // The stream goes on by itself from the last event; whoever takes it over begins anew.
      stream.onopen = () => {
        // What a page that has just begun shows is new.
        if (!opened && Date.now() - begun >= soon) all({ kind: "reset" });
        opened = true;
      };
      for (const kind of kinds)
        stream.addEventListener(kind, (event) => {
          const happened = read(kind, (event as MessageEvent<string>).data);
          if (happened) all(happened);
        });
      end.signal.addEventListener("abort", () => {
        stream.close();
        resolve();
      });
    });
  const lead = async () => {
    while (!end.signal.aborted) {
      await listen();
      if (!end.signal.aborted) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  // Without locks (an old browser, no https) every tab has its own connection.
  if (browser.locks)
    browser.locks.request(`formwork.events.${who}`, { signal: end.signal }, lead).catch(() => undefined);
  else void lead();
  return () => {
    end.abort();
    others.close();
  };
}

const here = (): Browser => ({ EventSource, BroadcastChannel, locks: navigator.locks, doubt });
