import { afterEach, expect, test, vi } from "vitest";
import { client, Offline, Refusal } from "./client";
import { runWorkflow } from "./workflows";

afterEach(() => vi.restoreAllMocks());

/** Answers presses one after the other, and tells their keys. */
function server(...answers: object[]) {
  const keys: unknown[] = [];
  vi.spyOn(client, "POST").mockImplementation((async (_: string, { params }: { params: { header: object } }) => {
    keys.push(Object.values(params.header)[0]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return { response: new Response(), ...answer };
  }) as never);
  return keys;
}

test("a press that had no answer is the same one when it is made again; any other is a new one", async () => {
  const run = (inputs = {}) => runWorkflow("account", "1", "count", inputs);
  const lost = new TypeError("failed to fetch");
  const keys = server(lost, lost, { data: {} }, { error: { code: "workflow.not_now" } }, { data: {} }, lost, {
    data: {},
  });
  await expect(run()).rejects.toThrow(Offline);
  await expect(run({ why: "b" })).rejects.toThrow(Offline); // of something else
  await run();
  await expect(run()).rejects.toThrow(Refusal);
  await run();
  await expect(run()).rejects.toThrow(Offline);
  await run({ why: "b" });
  expect(keys[2]).toBe(keys[0]);
  expect(keys[6]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(5);
});
