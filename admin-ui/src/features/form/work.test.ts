import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { work } from "./work";

test("an answer is found whose hash begins with as many zeros as are asked for", async () => {
  for (const token of ["a", "token-_x".repeat(20)]) {
    const answer = await work(token, 12, new AbortController().signal);
    expect(createHash("sha256").update(`${token} ${answer}`).digest("hex")).toMatch(/^000/);
  }
});

test("it is given up when the page is left", async () => {
  const leaving = new AbortController();
  const found = work("a", 32, leaving.signal);
  leaving.abort();
  await expect(found).rejects.toThrow();
});
