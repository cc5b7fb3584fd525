import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/** For how many milliseconds it works at a time, so that the page goes on meanwhile. */
const atOnce = 8;

/** Reports whether a hash begins with so many zero bits, of at most 32. */
function zeros(hash: Uint8Array, bits: number): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = hash;
  return Math.clz32((a << 24) | (b << 16) | (c << 8) | d) >= bits;
}

/** Finds the answer to the proof of a form, which takes a moment: a number whose hash behind the token begins with zeros. */
export async function work(token: string, bits: number, signal: AbortSignal): Promise<string> {
  const begun = sha256.create().update(utf8ToBytes(`${token} `));
  for (let tried = 0; ; ) {
    signal.throwIfAborted();
    for (const until = performance.now() + atOnce; performance.now() < until; ) {
      for (const end = tried + 100; tried < end; tried++) {
        if (
          zeros(
            begun
              .clone()
              .update(utf8ToBytes(String(tried)))
              .digest(),
            bits,
          )
        )
          return String(tried);
      }
    }
    await new Promise((go) => setTimeout(go));
  }
}
