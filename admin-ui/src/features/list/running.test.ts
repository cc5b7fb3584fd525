import { expect, test, vi } from "vitest";
import type { Problem } from "~/api/client";
import type { runOnAll } from "~/api/workflows";
import type { ObjectModel } from "~/meta/model";
import { type Reached, runOn } from "./running";

const object = { name: "deal", nameField: "name" } as ObjectModel;
const rows = (n: number) => Array.from({ length: n }, (_, i) => ({ id: String(i), name: `N${i}` }));
const problem = (code: string) => ({ code, detail: "No." }) as Problem;
type Results = Awaited<ReturnType<typeof runOnAll>>["results"];
const answering = (of: (id: string) => Partial<Results[number]>) =>
  vi.fn(async (_object: string, _workflow: string, ids: string[]) => ({
    failed: 0,
    results: ids.map((record) => ({ record, ...of(record) })) as Results,
  }));

test("it goes on part by part and tells what was refused", async () => {
  const told: Reached[] = [];
  const send = answering((id) => (id === "7" ? { problem: problem("workflow.not_now") } : {}));
  const came = await runOn(
    object,
    "w",
    rows(45),
    {},
    () => false,
    (now) => told.push(now),
    send,
  );
  expect(send.mock.calls.map(([, , ids]) => ids.length)).toEqual([20, 20, 5]);
  expect(came).toMatchObject({ tried: 45, done: 44, over: true, refused: [{ id: "7", name: "N7", why: "No." }] });
  expect(told.map(({ tried }) => tried)).toEqual([0, 20, 40, 45, 45]);
});

test("it stops between two parts", async () => {
  const send = answering(() => ({}));
  let parts = 0;
  const came = await runOn(
    object,
    "w",
    rows(45),
    {},
    () => parts++ === 1,
    () => undefined,
    send,
  );
  expect(came).toMatchObject({ tried: 20, done: 20, of: 45, over: true });
});

test("what was filled in and can't be taken is told before anything is tried", async () => {
  const send = answering(() => ({ problem: problem("workflow.inputs") }));
  const came = await runOn(
    object,
    "w",
    rows(45),
    {},
    () => false,
    () => undefined,
    send,
  );
  expect(send).toHaveBeenCalledTimes(1);
  expect(came.inputs?.code).toBe("workflow.inputs");
});
