import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { problemsOf } from "./lint.mjs";

/** The description of two routes, as it is and broken. */
const whole = JSON.parse(readFileSync(process.env.FORMWORK_DESCRIPTION, "utf8"));
const { Health, Problem, ProblemCode, Finding } = whole.components.schemas;
const small = {
  ...whole,
  paths: { "/healthz": whole.paths["/healthz"], "/readyz": whole.paths["/readyz"] },
  components: { ...whole.components, schemas: { Health, Problem, ProblemCode, Finding } },
};

test("two routes are described without a problem", async () => {
  assert.deepEqual(await problemsOf(JSON.stringify(small)), []);
});

for (const [what, breakIt] of Object.entries({
  "an operation without an answer": (d) => (d.paths["/healthz"].get.responses = {}),
  "an answer of no known form": (d) => (d.paths["/healthz"].get.responses["200"] = "well"),
  "a reference to nothing": (d) => delete d.components.schemas.Finding,
  "a name that is used twice": (d) => (d.paths["/readyz"].get.operationId = d.paths["/healthz"].get.operationId),
  "a parameter that is in no path": (d) => (d.paths["/readyz"].get.parameters = [{ name: "id", in: "path", required: true, schema: {} }]),
  "a component that nothing uses": (d) => (d.components.schemas.Lonely = { type: "string" }),
  "an operation without a summary": (d) => delete d.paths["/healthz"].get.summary,
})) {
  test(`${what} is found`, async () => {
    const broken = structuredClone(small);
    breakIt(broken);
    assert.notDeepEqual(await problemsOf(JSON.stringify(broken)), []);
  });
}
