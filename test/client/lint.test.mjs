import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { problemsOf } from "./lint.mjs";

/** The description of two routes that only read, as it is and broken. */
const whole = JSON.parse(readFileSync(process.env.FORMWORK_DESCRIPTION, "utf8"));
const { Health, Problem, ProblemCode, Finding } = whole.components.schemas;
const small = {
  ...whole,
  paths: { "/healthz": whole.paths["/healthz"], "/readyz": whole.paths["/readyz"] },
  components: { ...whole.components, schemas: { Health, Problem, ProblemCode, Finding }, headers: {} },
};

/** Calls the server, as the administrator or with a token. */
async function call(method, path, body, token = admin) {
  const answer = await fetch(`${process.env.FORMWORK_BASE}/api/v1${path}`, {
    method,
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

let admin;
before(async () => {
  const { token } = await call("POST", "/auth/login", { email: process.env.FORMWORK_EMAIL, password: process.env.FORMWORK_PASSWORD });
  admin = token;
});

test("two routes are described without a problem", async () => {
  assert.deepEqual(await problemsOf(JSON.stringify(small)), []);
});

for (const permissions of [[], ["sales_user"]]) {
  test(`what somebody with the permissions ${JSON.stringify(permissions)} may see is described without a problem`, async () => {
    const email = `lint.${permissions.length}@example.com`;
    const user = await call("POST", "/records/user", { name: "Lint", email, permissions });
    await call("PUT", `/users/${user.id}/password`, { password: process.env.FORMWORK_PASSWORD });
    const { token } = await call("POST", "/auth/login", { email, password: process.env.FORMWORK_PASSWORD });
    const described = await call("GET", "/openapi.json", undefined, token);
    assert.equal(described.paths["/api/v1/metadata/apply"], undefined);
    assert.deepEqual(await problemsOf(JSON.stringify(described)), []);
  });
}

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
