import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "../build/api.js";
import { Answers } from "./answers.js";

const { FORMWORK_BASE, FORMWORK_EMAIL, FORMWORK_PASSWORD, FORMWORK_DESCRIPTION } = process.env as Record<string, string>;
const answers = new Answers(FORMWORK_DESCRIPTION!);
const watching: Middleware = {
  async onResponse({ schemaPath, request, response }) {
    await answers.check(schemaPath, request, response);
    return undefined;
  },
};

/** A client with a token; lists in a query are texts with commas between. */
function client(token?: string) {
  const made = createClient<paths>({
    baseUrl: FORMWORK_BASE!,
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    querySerializer: { array: { style: "form", explode: false } },
  });
  made.use(watching);
  return made;
}

/** The data of an answer that must have gone well. */
function data<T>(result: { data?: T; error?: unknown; response: Response }): T {
  assert.ok(result.response.ok, `${result.response.url}: ${result.response.status} ${JSON.stringify(result.error)}`);
  return result.data as T;
}

async function login(email = FORMWORK_EMAIL!, password = FORMWORK_PASSWORD!): Promise<string> {
  return data(await client().POST("/api/v1/auth/login", { body: { email, password } })).token;
}

const admin = client(await login());

/** Waits until background work is over. */
async function finished(id: string): Promise<components["schemas"]["Job"]> {
  for (let wait = 20; ; wait = Math.min(2 * wait, 1000)) {
    const job = data(await admin.GET("/api/v1/jobs/{id}", { params: { path: { id } } }));
    if (job.state !== "waiting" && job.state !== "running") return job;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Sends a file with what is to be done with it. */
async function startImport(options: components["schemas"]["ImportOptions"], file: string) {
  return data(
    await admin.POST("/api/v1/imports", {
      body: { options, file },
      bodySerializer: importForm,
    }),
  );
}

/** The form of an import: the options before what they are for. */
function importForm(body: components["schemas"]["ImportForm"]) {
  const form = new FormData();
  form.append("options", JSON.stringify(body.options));
  if (body.upload) form.append("upload", body.upload);
  else form.append("file", new Blob([body.file ?? ""], { type: "text/csv" }), "file.csv");
  return form;
}

test("records", async () => {
  const made = data(await admin.POST("/api/v1/records/account", { body: { name: "Acme", annual_revenue: 12.5 } }));
  const path = { id: made.id };
  const name: string | null | undefined = made.name;
  assert.equal(name, "Acme");
  assert.equal(data(await admin.GET("/api/v1/records/account/{id}", { params: { path } })).name, "Acme");
  data(await admin.GET("/api/v1/records/account/{id}", { params: { path, query: { fields: ["name", "owner.name"] } } }));
  const named = data(await admin.GET("/api/v1/records/account/{id}", { params: { path, query: { names: true } } })).names;
  assert.ok(made.owner && named?.["user"]?.[made.owner] !== undefined);
  const changed = data(
    await admin.PATCH("/api/v1/records/account/{id}", { params: { path, header: { "If-Match": `"${made.version}"` } }, body: { website: "acme.example.com" } }),
  );
  assert.equal(changed.version, made.version + 1);
  const page = data(await admin.GET("/api/v1/records/account", { params: { query: { sort: ["-created_at", "name"], limit: 2, count: "true", names: true } } }));
  assert.ok(page.names?.["user"] && page.items.length === 2 && page.next !== null && page.total !== undefined && page.total > 2);
  data(await admin.GET("/api/v1/records/account", { params: { query: { sort: ["-created_at", "name"], limit: 2, cursor: page.next } } }));
  const twin = data(await admin.POST("/api/v1/records/account", { body: { name: "Acme" } }));
  assert.ok(data(await admin.GET("/api/v1/records/account/{id}/duplicates", { params: { path } })).items.length > 0);
  const deal = data(await admin.POST("/api/v1/records/opportunity", { body: { name: "Acme pumps", account: made.id } as components["schemas"]["opportunity.write"] }));
  const printed = data(await admin.GET("/api/v1/records/opportunity/{id}/print/{template}", { params: { path: { id: deal.id, template: "quote_document" }, query: { language: "zh" } }, parseAs: "text" }));
  assert.ok((printed as unknown as string).startsWith("%PDF-"));
  const form = data(await admin.POST("/api/v1/records/account/form", { body: { data: { name: "" }, changed: ["name"] } }));
  assert.ok(form.problems[0]?.code === "record.required" && form.fields["name"]?.required && form.sections["details/main"]?.visible !== false);
  const parents = data(await admin.POST("/api/v1/records/account/candidates", { body: { field: "parent", data: {}, q: "Acme", limit: 1, names: true } }));
  assert.equal(parents.items.length, 1);
  data(await admin.POST("/api/v1/records/account/{id}/merge", { params: { path }, body: { from: [twin.id], data: { industry: null } } }));
  data(await admin.POST("/api/v1/records/contact", { body: { last_name: "Doe", account: made.id } as components["schemas"]["contact.write"] }));
  assert.ok(data(await admin.GET("/api/v1/records/account/{id}/related/{list}", { params: { path: { ...path, list: "contacts" } } })).items.length > 0);
  const open = data(await admin.GET("/api/v1/records/account/{id}/page", { params: { path, query: { device: "desktop" } } }));
  assert.ok(open.record.id === made.id && open.form?.id === made.id && open.can.delete && open.related["contacts"]?.total === 1 && open.related["contacts"].can_create);
  const history = data(await admin.GET("/api/v1/records/account/{id}/history", { params: { path } }));
  assert.deepEqual(history.items.map((entry) => entry.action), ["merge", "update", "create"]);
  const bulk = data(
    await admin.POST("/api/v1/records/account/bulk", {
      body: { operations: [{ op: "create", data: { name: "Bulk" } }, { op: "update", id: made.id, data: { name: "" } }, { op: "create", data: { name: "Gone" } }] },
    }),
  );
  assert.ok(bulk.failed === 1 && bulk.results[1]?.problem?.code === "record.invalid");
  const gone = { object: "account" as const, id: bulk.results[2]!.id! };
  const rows = data(
    await admin.POST("/api/v1/records/opportunity/aggregate", {
      body: { group: [{ field: "close_date", by: "quarter" }, { field: "amount", by: 100000 }], measures: [{ op: "sum", field: "amount" }, { op: "avg", field: "amount", as: "mean" }], sort: ["-mean"] },
    }),
  ).rows;
  assert.ok(rows.length > 0);
  const board = data(await admin.POST("/api/v1/records/opportunity/board", { body: { by: "stage", sums: ["amount"], sort: ["-amount"], limit: 1 } }));
  const column = board.columns.find((one) => one.next);
  assert.ok(column && column.count > 1 && typeof column.sums["amount"] === "number" && board.names["account"]);
  data(await admin.GET("/api/v1/records/opportunity", { params: { query: { filter: column.filter, sort: ["-amount"], cursor: column.next! } } }));
  data(await admin.DELETE("/api/v1/records/account/{id}", { params: { path: gone } }));
  assert.ok(data(await admin.GET("/api/v1/bin/{object}", { params: { path: gone } })).items.some((one) => one.id === gone.id));
  assert.equal(data(await admin.GET("/api/v1/bin/{object}/{id}", { params: { path: gone } })).id, gone.id);
  data(await admin.POST("/api/v1/records/account/{id}/restore", { params: { path: gone } }));
  data(await admin.DELETE("/api/v1/records/account/{id}", { params: { path: gone } }));
  data(await admin.DELETE("/api/v1/bin/{object}/{id}", { params: { path: gone } }));
  assert.ok(data(await admin.GET("/api/v1/search", { params: { query: { q: "acme", objects: ["account", "contact"], limit: 5 } } })).items.length > 0);
});

test("every object's records are as described", async () => {
  for (const path of Object.keys(answers.paths).filter((one) => /^\/api\/v1\/records\/[^/]+$/.test(one)) as "/api/v1/records/account"[]) {
    const page = data(await admin.GET(path, { params: { query: { limit: 500 } } }));
    for (const { id } of page.items.slice(0, 3)) {
      data(await admin.GET(`${path}/{id}` as "/api/v1/records/account/{id}", { params: { path: { id } } }));
      data(await admin.GET(`${path}/{id}/history` as "/api/v1/records/account/{id}/history", { params: { path: { id } } }));
    }
  }
});

test("problems", async () => {
  const refused = await admin.POST("/api/v1/records/account", { body: { name: 12 as unknown as string } });
  assert.equal(refused.response.status, 422);
  assert.equal(refused.error?.code, "record.invalid" satisfies components["schemas"]["ProblemCode"]);
  assert.equal(refused.error?.errors?.[0]?.pointer, "/name");
  const unknown = await admin.GET("/api/v1/records/account", { params: { query: { filter: "amount >" } } });
  assert.ok(unknown.response.status === 422 && unknown.error?.errors?.[0]?.column !== undefined, JSON.stringify(unknown.error));
  assert.equal((await client().GET("/api/v1/me")).response.status, 401);
});

test("imports and exports", async () => {
  const started = await startImport({ object: "account", fields: { name: "Firm", industry: { column: "Branch" } } }, "Firm,Branch\nNew Firm,retail\nWrong,nonsense\n");
  assert.equal((await finished(started.job)).state, "done");
  const done = data(await admin.GET("/api/v1/imports/{id}", { params: { path: { id: started.id } } }));
  assert.ok(done.created === 1 && done.refused === 1, JSON.stringify(done));
  assert.ok(data(await admin.GET("/api/v1/imports", { params: { query: { limit: 5 } } })).items.some((one) => one.id === started.id));
  const sent = { options: { object: "account" }, file: "Name,Branch\nNew Firm,retail\n" };
  const seen = data(await admin.POST("/api/v1/imports/preview", { body: sent, bodySerializer: importForm }));
  assert.ok(seen.columns[0]?.field === "name" && seen.rows === 1, JSON.stringify(seen));
  data(await admin.POST("/api/v1/imports", { body: { options: { object: "account", dry_run: true }, upload: seen.upload }, bodySerializer: importForm }));
  const errors = data(await admin.GET("/api/v1/imports/{id}/errors", { params: { path: { id: started.id }, query: { bom: true } }, parseAs: "text" }));
  assert.ok(errors.includes("_reasons"));
  const path = { object: "account" as const };
  assert.ok(data(await admin.GET("/api/v1/exports/{object}", { params: { path, query: { fields: ["name"] } }, parseAs: "text" })).includes("New Firm"));
  data(await admin.GET("/api/v1/exports/{object}", { params: { path, query: { format: "jsonl", filter: 'name == "New Firm"' } }, parseAs: "text" }));
  data(await admin.GET("/api/v1/exports/{object}", { params: { path, query: { format: "xlsx", labels: true } }, parseAs: "blob" }));
});

test("background work", async () => {
  const rows = Array.from({ length: 40_000 }, (_, i) => `Firm ${i}`).join("\n");
  const { job } = await startImport({ object: "account", dry_run: true }, `name\n${rows}\n`);
  const params = { path: { id: job } };
  data(await admin.POST("/api/v1/jobs/{id}/cancel", { params }));
  assert.equal((await finished(job)).state, "cancelled");
  data(await admin.POST("/api/v1/jobs/{id}/retry", { params }));
  data(await admin.POST("/api/v1/jobs/{id}/cancel", { params }));
  assert.ok(data(await admin.GET("/api/v1/jobs", { params: { query: { kind: "import", state: "cancelled", limit: 10 } } })).items.some((one) => one.id === job));
});

test("workflows", async () => {
  const name = "greet_accounts";
  const workflow = {
    kind: "workflow", name, label: "Greet", record: true, object: "account", trigger: { type: "manual" }, start: "set", steps: { set: { type: "set", values: { website: "'example.com'" }, next: "wait" }, wait: { type: "wait", for: "days(1)", next: "end" }, end: { type: "stop" } },
  };
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents: [workflow], message: "a workflow" } }));
  const { id } = data(await admin.POST("/api/v1/records/account", { body: { name: "Greeted" } as components["schemas"]["account.write"] }));
  const tried = data(await admin.POST("/api/v1/workflows/{name}/try", { params: { path: { name } }, body: { record: id } }));
  assert.deepEqual([tried.state, tried.trace.map((one) => one.step)], ["done", ["set", "wait", "end"]]);
  const draft = { ...workflow, trigger: { type: "after_save", on: ["create"] } };
  const tested = data(await admin.POST("/api/v1/workflows/backtest", { body: { document: draft, days: 1 } }));
  assert.ok(tested.fired > 0 && tested.examples.some((one) => one.record === id && one.tried?.state === "done"));
  const page = data(await admin.GET("/api/v1/records/account/{id}/page", { params: { path: { id } } }));
  assert.deepEqual(page.workflows, [{ name, label: "Greet", inputs: [] }]);
  const path = { id, workflow: name };
  const run = data(await admin.POST("/api/v1/records/account/{id}/workflows/{workflow}", { params: { path, header: { "Idempotency-Key": "greet" } } }));
  assert.equal(run.state, "waiting");
  assert.equal(data(await admin.POST("/api/v1/records/account/{id}/workflows/{workflow}", { params: { path, header: { "Idempotency-Key": "greet" } } })).id, run.id);
  assert.equal(data(await admin.GET("/api/v1/records/account/{id}/runs", { params: { path: { id } } })).items[0]?.id, run.id);
  assert.equal(data(await admin.GET("/api/v1/runs", { params: { query: { workflow: name, state: "waiting", record: id } } })).items[0]?.id, run.id);
  const open = data(await admin.GET("/api/v1/records/account/{id}/runs/{run}", { params: { path: { id, run: run.id } } }));
  assert.deepEqual([open.at, open.can_cancel, open.steps.map((one) => one.label)], ["Wait", true, ["Set fields", "Wait"]]);
  assert.deepEqual(data(await admin.GET("/api/v1/me/workflows/{object}", { params: { path: { object: "account" } } })).items.map((one) => one.name), [name]);
  const pressed = data(await admin.POST("/api/v1/records/account/workflows", { body: { workflow: name, records: [id] } }));
  assert.deepEqual([pressed.failed, pressed.results[0]?.run?.state], [0, "waiting"]);
  const params = { path: { id: run.id } };
  data(await admin.POST("/api/v1/runs/{id}/cancel", { params }));
  assert.equal(data(await admin.GET("/api/v1/runs/{id}", { params })).state, "cancelled");
  const again = data(await admin.POST("/api/v1/runs/{id}/replay", { params }));
  assert.deepEqual([again.state, again.agrees, again.trace.map((one) => one.step)], ["cancelled", true, ["set", "wait"]]);
  data(await admin.POST("/api/v1/runs/{id}/retry", { params }));
});

test("e-mails that people write", async () => {
  const documents = [
    { kind: "mailbox", name: "writes", label: "Writes", address: "writes@example.com" },
    { kind: "template", name: "hello", label: "Hello", object: "account", subject: "Hello {{ name }}", text: { en: "Dear {{ name }}", zh: "{{ name }}，您好" } },
    {
      kind: "workflow", name: "write_to_account", label: "Write", object: "account", trigger: { type: "compose" }, start: "send",
      steps: { send: { type: "email", mailbox: "writes", to: "'ann@example.com'", subject: "input.subject", text: "input.text", html: "input.html", answers: "input.answers" } },
    },
  ];
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents, message: "people write" } }));
  const { id } = data(await admin.POST("/api/v1/records/account", { body: { name: "Written to" } as components["schemas"]["account.write"] }));
  const page = data(await admin.GET("/api/v1/records/account/{id}/page", { params: { path: { id } } }));
  const offered = page.workflows.find((one) => one.name === "write_to_account");
  assert.deepEqual([offered?.inputs.map((one) => one.name), offered?.composes?.to, offered?.composes?.mailbox.sends], [["subject", "text"], "ann@example.com", false]);
  assert.deepEqual(offered?.composes?.templates, [{ name: "hello", label: "Hello", languages: ["en", "zh"] }]);
  const path = { id, workflow: "write_to_account" };
  const draft = data(await admin.POST("/api/v1/records/account/{id}/workflows/{workflow}/draft", { params: { path }, body: { template: "hello", language: "en" } }));
  assert.deepEqual(draft, { subject: "Hello Written to", text: "Dear Written to", html: false });
  const run = data(await admin.POST("/api/v1/records/account/{id}/workflows/{workflow}", { params: { path }, body: { inputs: { ...draft, html: null } } }));
  assert.equal(run.state, "done");
  data(await admin.POST("/api/v1/metadata/apply", { body: { delete: documents.map(({ kind, name }) => ({ kind, name })).reverse(), message: "no more" } }));
});

test("connections", async () => {
  const documents = [{ kind: "connection", name: "erp", label: "ERP", url: "https://erp.example.com", headers: { Authorization: "Bearer {secret}" } }];
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents, message: "a connection" } }));
  const params = { path: { name: "erp" } };
  data(await admin.PUT("/api/v1/connections/{name}/secret", { params, body: { secret: "s3cret" } }));
  const { items } = data(await admin.GET("/api/v1/connections"));
  assert.deepEqual([items[0]?.label, items[0]?.secret.needed, items[0]?.secret.fits], ["ERP", true, true]);
  assert.ok(!JSON.stringify(items).includes("s3cret"));
  data(await admin.DELETE("/api/v1/connections/{name}/secret", { params }));
});

test("mailboxes", async () => {
  const documents = [{ kind: "mailbox", name: "help", label: "Help", address: "help@example.com", sign: { selector: "crm" } }];
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents, message: "a mailbox" } }));
  const message = "From: ann@example.org\r\nSubject: Hello\r\n\r\nHello";
  const { id } = data(
    await admin.POST("/api/v1/mailboxes/{name}/messages", {
      params: { path: { name: "help" } }, headers: { "Content-Type": "message/rfc822" }, body: message, bodySerializer: (raw: string) => raw,
    }),
  );
  assert.equal((data(await admin.GET("/api/v1/records/email/{id}", { params: { path: { id } } })) as { subject?: string }).subject, "Hello");
  const params = { path: { name: "help" } };
  const key = data(await admin.PUT("/api/v1/mailboxes/{name}/key", { params }));
  assert.deepEqual(data(await admin.GET("/api/v1/mailboxes/{name}/key", { params })), key);
  assert.deepEqual([key.name, key.type], ["crm._domainkey.example.com", "TXT"]);
  assert.ok(data(await admin.GET("/api/v1/mailboxes")).items.some((box) => box.address === "help@example.com" && !box.sends && !box.fetch));
});

test("webhooks", async () => {
  const workflow = { kind: "workflow", name: "take_task", trigger: { type: "webhook", proof: "token", payload: { subject: { at: "/subject", type: "text", required: true } } }, start: "make", steps: { make: { type: "create", object: "task", values: { subject: "input.subject" } } } };
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents: [workflow], message: "a webhook" } }));
  const params = { path: { name: workflow.name } };
  const { secret } = data(await admin.PUT("/api/v1/workflows/{name}/webhook/secret", { params }));
  const { path } = data(await admin.GET("/api/v1/workflows/{name}/webhook", { params }));
  const [tenant, name] = path.split("/").slice(-2) as [string, string];
  const system = client(secret);
  assert.ok(data(await system.POST("/api/v1/webhooks/{tenant}/{workflow}", { params: { path: { tenant, workflow: name }, header: { "webhook-id": "msg_1" } }, body: { subject: "Call" } })).run);
  data(await admin.DELETE("/api/v1/workflows/{name}/webhook/secret", { params }));
});

test("approvals", async () => {
  const name = "check_accounts";
  const workflow = {
    kind: "workflow", name, label: "Check", object: "account", trigger: { type: "manual" }, start: "ask", steps: { ask: { type: "approval", among: "email == 'approver@example.com'", text: "'Check ' + name" } },
  };
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents: [workflow], message: "a workflow that asks" } }));
  const person = async (email: string) => {
    const user = data(await admin.POST("/api/v1/records/user", { body: { name: email, email, permissions: ["admin"] } as components["schemas"]["user.write"] }));
    const password = "correct horse battery staple";
    data(await admin.PUT("/api/v1/users/{id}/password", { params: { path: { id: user.id }, header: { "If-None-Match": "*" } }, body: { password } }));
    return { id: user.id, api: client(await login(email, password)) };
  };
  const [approver, other] = [await person("approver@example.com"), await person("other.approver@example.com")];
  const { id } = data(await admin.POST("/api/v1/records/account", { body: { name: "Checked" } as components["schemas"]["account.write"] }));
  const ask = async () => {
    data(await admin.POST("/api/v1/records/account/{id}/workflows/{workflow}", { params: { path: { id, workflow: name } } }));
    return data(await approver.api.GET("/api/v1/me/approvals")).items[0]!;
  };
  const asked = await ask();
  assert.deepEqual([asked.text, asked.state, asked.can_decide, asked.can_recall], ["Check Checked", "pending", true, true]);
  const decided = data(await approver.api.POST("/api/v1/approvals/{id}/decide", { params: { path: { id: asked.id } }, body: { decision: "rejected", comment: "No." } }));
  assert.deepEqual([decided.state, decided.approvers[0]?.comment], ["rejected", "No."]);
  const passed = data(await approver.api.POST("/api/v1/approvals/{id}/pass-on", { params: { path: { id: (await ask()).id } }, body: { to: other.id } }));
  assert.deepEqual(passed.approvers.map((one) => one.state), ["passed_on", "asked"]);
  data(await other.api.POST("/api/v1/approvals/{id}/decide", { params: { path: { id: passed.id } }, body: { decision: "approved" } }));
  const recalled = data(await admin.POST("/api/v1/approvals/{id}/recall", { params: { path: { id: (await ask()).id } } }));
  assert.equal(recalled.state, "recalled");
  const all = data(await admin.GET("/api/v1/records/account/{id}/approvals", { params: { path: { id } } }));
  assert.deepEqual(all.items.map((one) => one.state), ["recalled", "approved", "rejected"]);

  // By a link in a mail, without a login.
  const post = (await import(pathToFileURL(resolve("../post.mjs")).href)) as { post(): Promise<{ address: string; next(): Promise<string> }> };
  const mail = await post.post();
  const documents = [
    { kind: "connection", name: "smtp", label: "SMTP", url: mail.address },
    { kind: "mailbox", name: "desk", label: "Desk", address: "desk@example.com", send: "smtp" },
    { ...workflow, steps: { ask: { ...workflow.steps.ask, mail: { mailbox: "desk" } } } },
  ];
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents, message: "by mail" } }));
  await ask();
  const token = /decide#main\.([A-Za-z0-9_-]+)/.exec(await mail.next())?.[1];
  const params = { path: { tenant: "main" } };
  const follows = client(token);
  assert.deepEqual(data(await follows.GET("/api/v1/decisions/{tenant}", { params })).text, "Check Checked");
  const decide = (by: ReturnType<typeof client>) => by.POST("/api/v1/decisions/{tenant}", { params, body: { decision: "approved" } });
  assert.ok((await decide(follows)).response.ok);
  for (const over of [follows, client("A".repeat(54))]) {
    assert.equal((await decide(over)).error?.code, "decision.refused" satisfies components["schemas"]["ProblemCode"]);
  }

  // By somebody outside.
  const question = { type: "ask", mailbox: "desk", to: "'pat@example.org'", subject: "'Hello'", text: "'Tell us.'", page: { title: "How was it?" }, inputs: { rating: { type: "text", required: true } } };
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents: [{ ...workflow, steps: { ask: question } }], message: "outside" } }));
  data(await admin.POST("/api/v1/records/account/{id}/workflows/{workflow}", { params: { path: { id, workflow: name } } }));
  const outsider = client(/ask#main\.([A-Za-z0-9_-]+)/.exec(await mail.next())?.[1]);
  assert.deepEqual(data(await outsider.GET("/api/v1/questions/{tenant}", { params })).title, "How was it?");
  const answer = (by: ReturnType<typeof client>) => by.POST("/api/v1/questions/{tenant}", { params, body: { inputs: { rating: "Good" } } });
  assert.ok((await answer(outsider)).response.ok);
  assert.equal((await answer(outsider)).error?.code, "question.refused" satisfies components["schemas"]["ProblemCode"]);
});

test("who unsubscribes", async () => {
  const post = (await import(pathToFileURL(resolve("../post.mjs")).href)) as { post(): Promise<{ address: string; next(): Promise<string> }> };
  const mail = await post.post();
  const documents = [
    { kind: "connection", name: "news", label: "News", url: mail.address },
    { kind: "mailbox", name: "news", label: "News", address: "news@example.com", send: "news" },
    { kind: "template", name: "news", label: "News", unsubscribe: true, subject: "News", text: "News" },
    { kind: "workflow", name: "news", label: "News", object: "account", trigger: { type: "manual" }, start: "send", steps: { send: { type: "email", mailbox: "news", to: "'ann@example.org'", template: "news" } } },
  ];
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents, message: "news" } }));
  const { id } = data(await admin.POST("/api/v1/records/account", { body: { name: "Told" } as components["schemas"]["account.write"] }));
  data(await admin.POST("/api/v1/records/account/{id}/workflows/{workflow}", { params: { path: { id, workflow: "news" } } }));
  const token = /unsubscribe\/main\?token=([A-Za-z0-9_-]+)/.exec(await mail.next())?.[1] ?? "";
  const params = { path: { tenant: "main" } };
  const follows = client(token);
  assert.equal(data(await follows.GET("/api/v1/unsubscriptions/{tenant}", { params })).done, false);
  assert.ok((await client(undefined).POST("/unsubscribe/{tenant}", { params: { ...params, query: { token } } })).response.ok);
  assert.equal(data(await follows.GET("/api/v1/unsubscriptions/{tenant}", { params })).done, true);
});

test("people outside send a form", async () => {
  const documents = [{ kind: "form", name: "join", label: "Join", object: "lead", fields: [{ field: "name" }, { field: "company" }], thanks: "Thanks" }];
  data(await admin.POST("/api/v1/metadata/apply", { body: { documents, message: "a form" } }));
  const params = { path: { tenant: "main", form: "join" } };
  const { proof, inputs } = data(await client().GET("/api/v1/forms/{tenant}/{form}", { params }));
  assert.deepEqual(inputs.map((one) => one.name), ["name", "company"]);
  const zeros = (answer: number) => {
    const hash = createHash("sha256").update(`${proof.token} ${answer}`).digest();
    return Math.clz32(hash.readUInt32BE(0)) >= proof.bits;
  };
  let answer = 0;
  while (!zeros(answer)) answer++;
  await new Promise((resolve) => setTimeout(resolve, 1000 * proof.after));
  const body = { answer: String(answer), values: { name: "Ann", company: "Acme" } };
  const send = () => client(proof.token).POST("/api/v1/forms/{tenant}/{form}", { params, body });
  assert.equal(data(await send()).thanks, "Thanks");
  assert.equal((await send()).response.status, 409);
});

test("people and keys", async () => {
  const email = "new.person@example.com";
  const user = data(await admin.POST("/api/v1/records/user", { body: { name: "New Person", email, permissions: ["sales_user"] } as components["schemas"]["user.write"] }));
  const path = { id: user.id };
  const password = "correct horse battery staple";
  data(await admin.PUT("/api/v1/users/{id}/password", { params: { path, header: { "If-None-Match": "*" } }, body: { password } }));
  const person = client(await login(email, password));
  await login(email, password);
  const me = data(await person.GET("/api/v1/me"));
  assert.ok(me.user.email === email && me.rights.objects.account?.read && me.via === "session");
  assert.equal(data(await person.GET("/api/v1/me/sessions")).items.length, 2);
  data(await person.DELETE("/api/v1/me/sessions"));
  const again = client(data(await person.PUT("/api/v1/me/password", { body: { current: password, password: password + "!" } })).token);
  data(await again.POST("/api/v1/auth/logout"));
  data(await admin.DELETE("/api/v1/users/{id}/sessions", { params: { path } }));
  const key = data(await admin.POST("/api/v1/keys", { body: { name: "Test", permissions: ["admin"], expires_at: "2100-01-01T00:00:00Z" } }));
  assert.equal(data(await client(key.token).GET("/api/v1/me")).via, "key");
  assert.ok(data(await admin.GET("/api/v1/keys")).items.some((one) => one.id === key.id && one.token === undefined));
  data(await admin.DELETE("/api/v1/keys/{id}", { params: { path: { id: key.id } } }));
  const told = data(await admin.POST("/api/v1/access/explain", { body: { user: email, object: "account", action: "delete" } }));
  assert.ok(told.reasons.length > 0);
});

test("the workspace", async () => {
  const begun = await admin.GET("/api/v1/session");
  const session = data(begun);
  assert.ok(session.user.email === FORMWORK_EMAIL && session.documents.some((one) => one.kind === "object" && one.name === "account"));
  const header = { "If-None-Match": begun.response.headers.get("ETag")! };
  assert.equal((await admin.GET("/api/v1/session", { params: { header } })).response.status, 304);
  const me = data(await admin.PATCH("/api/v1/me", { body: { language: "en", time_zone: "Europe/Berlin" } }));
  assert.ok(me.language === "en" && me.user.timezone === "Europe/Berlin");
  data(await admin.PATCH("/api/v1/me/settings", { body: { theme: "dark", density: null } }));
  assert.deepEqual(data(await admin.GET("/api/v1/me/settings")), { theme: "dark" });
  const account = { object: "account" as const, id: data(await admin.GET("/api/v1/records/account", { params: { query: { limit: 1 } } })).items[0]!.id };
  data(await admin.PUT("/api/v1/me/favourites/{object}/{id}", { params: { path: account } }));
  assert.equal(data(await admin.GET("/api/v1/me/favourites")).items[0]?.id, account.id);
  data(await admin.DELETE("/api/v1/me/favourites/{object}/{id}", { params: { path: account } }));
  data(await admin.PUT("/api/v1/me/recent/{object}/{id}", { params: { path: account } }));
  assert.equal(data(await admin.GET("/api/v1/me/recent")).items[0]?.id, account.id);
  const view = data(await admin.POST("/api/v1/views", { body: { object: "account", label: "Mine", columns: ["name"], show: "table", shared: "everyone" } }));
  const path = { id: view.id };
  assert.equal(data(await admin.PATCH("/api/v1/views/{id}", { params: { path, header: { "If-Match": `"${view.version}"` } }, body: { label: { en: "Mine", zh: "我的" } } })).version, 2);
  assert.ok(data(await admin.GET("/api/v1/views", { params: { query: { object: "account" } } })).items.some((one) => one.id === view.id && one.shared === "everyone"));
  assert.ok(data(await admin.GET("/api/v1/session")).views.length > 0);
  data(await admin.DELETE("/api/v1/views/{id}", { params: { path } }));
});

test("the configuration", async () => {
  const all = data(await admin.GET("/api/v1/metadata", { params: { query: { kind: "object" } } }));
  assert.ok(all.items.some((one) => one.name === "account"));
  data(await admin.GET("/api/v1/metadata", { params: { query: { layer: "own" } } }));
  const document = { kind: "object", name: "account", fields: { client_test: { type: "text", label: "Tested" } } };
  const plan = data(await admin.POST("/api/v1/metadata/plan", { body: { documents: [document], delete: [] } }));
  assert.ok(plan.problems.length === 0 && plan.changes.length === 1);
  const applied = data(await admin.POST("/api/v1/metadata/apply", { body: { documents: [document], message: "A field", base: plan.base } }));
  data(await admin.GET("/api/v1/metadata/{kind}/{name}", { params: { path: { kind: "object", name: "account" } } }));
  const patched = data(await admin.PATCH("/api/v1/metadata/{kind}/{name}", { params: { path: { kind: "object", name: "account" } }, body: { fields: { client_test: { label: "Tested again" } } } }));
  assert.equal(patched.revision, applied.revision + 1);
  const revisions = data(await admin.GET("/api/v1/metadata/revisions", { params: { query: { limit: 1 } } }));
  assert.ok(revisions.items[0]?.revision === patched.revision && revisions.next !== null);
  data(await admin.GET("/api/v1/metadata/diff", { params: { query: { from: plan.base, to: applied.revision } } }));
  const back = { to: plan.base, allow: ["object/account/fields/client_test"] };
  assert.ok(data(await admin.POST("/api/v1/metadata/rollback/plan", { body: back })).impact.length > 0);
  data(await admin.POST("/api/v1/metadata/rollback", { body: { ...back, message: "No field" } }));
  assert.ok(data(await admin.GET("/api/v1/metadata/packages")).items.some((one) => one.name === "core"));
  const upgrade = { documents: [{ kind: "package", name: "client_test", version: "1.0.0" }, { kind: "picklist", name: "client_test_list", options: { a: {} } }] };
  const path = { name: "client_test" };
  data(await admin.POST("/api/v1/metadata/packages/{name}/plan", { params: { path }, body: upgrade }));
  data(await admin.POST("/api/v1/metadata/packages/{name}/upgrade", { params: { path }, body: upgrade }));
  data(await admin.GET("/api/v1/metadata/advice"));
  assert.ok(data(await admin.GET("/api/v1/metadata/indexes")).indexes.length > 0);
  data(await admin.GET("/api/v1/schemas/{kind}", { params: { path: { kind: "object" } } }));
  data(await admin.GET("/api/v1/schemas/records/{object}", { params: { path: { object: "opportunity" } } }));
  assert.ok(data(await admin.GET("/api/v1/schemas/functions")).items.some((one) => one.form === "round(number, digits)"));
  assert.equal(data(await admin.POST("/api/v1/expressions", { body: { object: "opportunity", text: "amount * 2", result: "number" } })).kind, "number");
  const types = data(await admin.GET("/api/v1/schemas/field-types")).items;
  assert.deepEqual(types.find((one) => one.type === "date")?.uses?.groups, ["value", "day", "week", "month", "quarter", "year"]);
});

test("drafts of the configuration", async () => {
  const draft = data(await admin.POST("/api/v1/drafts", { body: { label: "Client" } }));
  const path = { id: draft.id };
  assert.ok(data(await admin.GET("/api/v1/drafts")).items.some((one) => one.id === draft.id));
  data(await admin.PATCH("/api/v1/drafts/{id}", { params: { path }, body: { label: "Of the client" } }));
  const document = { ...path, kind: "picklist", name: "client_drafted" };
  const made = data(await admin.PUT("/api/v1/drafts/{id}/documents/{kind}/{name}", { params: { path: document }, body: { options: { a: {} } } }));
  assert.deepEqual(made.draft.documents.map((one) => [one.name, one.change]), [["client_drafted", "added"]]);
  data(await admin.PATCH("/api/v1/drafts/{id}/documents/{kind}/{name}", { params: { path: document }, body: { options: { b: {} } } }));
  assert.equal(data(await admin.PATCH("/api/v1/drafts/{id}/documents", { params: { path }, body: { picklist: { client_drafted: { options: { c: {} } } } } })).documents.length, 1);
  assert.ok(data(await admin.GET("/api/v1/drafts/{id}/documents", { params: { path, query: { kind: "picklist" } } })).items.some((one) => one.name === "client_drafted"));
  const view = { ...path, kind: "view", name: "all_accounts" };
  assert.equal(data(await admin.DELETE("/api/v1/drafts/{id}/documents/{kind}/{name}", { params: { path: view } })).documents.length, 2);
  data(await admin.POST("/api/v1/drafts/{id}/revert", { params: { path }, body: { kind: "view", name: "all_accounts" } }));
  data(await admin.POST("/api/v1/drafts/{id}/rebase", { params: { path } }));
  const plan = data(await admin.POST("/api/v1/drafts/{id}/plan", { params: { path } }));
  assert.deepEqual([plan.problems, plan.conflicts, plan.changes.length], [[], [], 1]);
  assert.deepEqual(data(await admin.POST("/api/v1/drafts/{id}/people", { params: { path } })).groups, []);
  assert.equal(data(await admin.GET("/api/v1/drafts/{id}", { params: { path } })).label, "Of the client");
  assert.ok(data(await admin.POST("/api/v1/drafts/{id}/publish", { params: { path } })).revision > plan.base);
  const other = data(await admin.POST("/api/v1/drafts", { body: { label: "Nothing" } }));
  assert.equal((await admin.DELETE("/api/v1/drafts/{id}", { params: { path: { id: other.id } } })).response.status, 204);
});

test("files", async () => {
  const asIs = (body: unknown) => body as Blob;
  const picture = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0));
  const small = data(await admin.POST("/api/v1/files", { params: { query: { name: "dot.png" } }, body: new Blob([picture]) as unknown as string, bodySerializer: asIs }));
  assert.ok(small.complete && small.type === "image/png" && small.size === picture.length);
  const begun = data(await admin.POST("/api/v1/files", { params: { query: { name: "notes.txt" }, header: { "Upload-Length": 5 } } }));
  assert.ok(!begun.complete && begun.received === 0);
  const path = { id: begun.id };
  data(
    await admin.PATCH("/api/v1/files/{id}", {
      params: { path, header: { "Upload-Offset": 0 } },
      headers: { "Content-Type": "application/offset+octet-stream" },
      body: new Blob(["hello"]) as unknown as string,
      bodySerializer: asIs,
    }),
  );
  assert.equal(data(await admin.GET("/api/v1/files/{id}/info", { params: { path } })).type, "text/plain");
  assert.equal(data(await admin.GET("/api/v1/files/{id}", { params: { path }, parseAs: "text" })), "hello");
  const part = await admin.GET("/api/v1/files/{id}", { params: { path, header: { Range: "bytes=1-2" } }, parseAs: "text" });
  assert.ok(part.response.status === 206 && data(part) === "el");
  data(await admin.GET("/api/v1/files/{id}/thumbnail", { params: { path: { id: small.id }, query: { size: 96 } }, parseAs: "blob" }));
  data(await admin.OPTIONS("/api/v1/files"));
  const account = { id: data(await admin.GET("/api/v1/records/account", { params: { query: { limit: 1 } } })).items[0]!.id };
  assert.equal(data(await admin.POST("/api/v1/records/account/{id}/files", { params: { path: account }, body: { files: [small.id] } })).items[0]?.name, "dot.png");
  assert.equal(data(await admin.GET("/api/v1/records/account/{id}/files", { params: { path: account } })).items.length, 1);
  data(await admin.DELETE("/api/v1/records/account/{id}/files/{file}", { params: { path: { ...account, file: small.id } } }));
  data(await admin.DELETE("/api/v1/files/{id}", { params: { path } }));
});

test("collaboration", async () => {
  const id = data(await admin.GET("/api/v1/records/account", { params: { query: { limit: 1 } } })).items[0]!.id;
  const me = data(await admin.GET("/api/v1/me")).user.id;
  const written = data(await admin.POST("/api/v1/records/account/{id}/comments", { params: { path: { id } }, body: { text: `See @[](user:${me})` } }));
  const path = { id, comment: written.id };
  assert.ok(written.can.update && written.text.startsWith("See @["));
  assert.ok(data(await admin.PATCH("/api/v1/records/account/{id}/comments/{comment}", { params: { path }, body: { text: "Seen" } })).edited_at);
  const page = data(await admin.GET("/api/v1/records/account/{id}/comments", { params: { path: { id }, query: { limit: 1 } } }));
  assert.ok(page.items[0]?.text === "Seen" && page.names["user"]?.[me]);
  data(await admin.DELETE("/api/v1/records/account/{id}/comments/{comment}", { params: { path } }));
  const [other, password] = ["colleague@example.com", "correct horse battery"];
  const colleague = data(await admin.POST("/api/v1/records/user", { body: { name: "Colleague", email: other, active: true, permissions: ["admin"] } })).id;
  data(await admin.PUT("/api/v1/users/{id}/password", { params: { path: { id: colleague } }, body: { password } }));
  data(await admin.POST("/api/v1/records/account/{id}/comments", { params: { path: { id } }, body: { text: `@[](user:${colleague})` } }));
  const theirs = client(await login(other, password));
  data(await theirs.PUT("/api/v1/records/account/{id}/follow", { params: { path: { id } } }));
  assert.equal(data(await theirs.GET("/api/v1/me/follows", { params: { query: { limit: 10 } } })).items[0]?.id, id);
  data(await theirs.DELETE("/api/v1/records/account/{id}/follow", { params: { path: { id } } }));
  const inbox = data(await theirs.GET("/api/v1/me/notifications", { params: { query: { state: "open" } } }));
  assert.ok(inbox.unread === 1 && inbox.items[0]?.kind === "mention");
  data(await theirs.PATCH("/api/v1/me/notifications/{id}", { params: { path: { id: inbox.items[0].id } }, body: { done: true } }));
  data(await theirs.POST("/api/v1/me/notifications/read", { body: { all: true } }));
});

test("events", async () => {
  const events = data(await admin.GET("/api/v1/events", { parseAs: "stream" }))!.getReader();
  const first = new TextDecoder().decode((await events.read()).value);
  assert.match(first, /^id: \d+\nevent: revision\ndata: \{"revision":\d+\}\n\nevent: notification\ndata: \{"unread":\d+\}\n\n/);
  await events.cancel();
});

test("the server", async () => {
  const open = client();
  const described = await admin.GET("/api/v1/openapi.json");
  data(described);
  const tag = described.response.headers.get("ETag")!;
  const unchanged = await admin.GET("/api/v1/openapi.json", { params: { header: { "If-None-Match": tag } } });
  assert.equal(unchanged.response.status, 304);
  assert.ok(data(await open.GET("/api/docs", { parseAs: "text" })).includes("<html"));
  assert.equal(data(await open.GET("/healthz")).status, "ok");
  assert.equal(data(await open.GET("/readyz")).status, "ready");
  assert.ok(data(await open.GET("/metrics", { parseAs: "text" })).includes("formwork_http_requests_total"));
});

test("an answer that is not as described is found", async () => {
  const strict = new Answers(FORMWORK_DESCRIPTION!);
  const request = new Request(`${FORMWORK_BASE}/healthz`);
  for (const [status, type, body] of [
    [200, "application/json", '{"status":"ok","more":1}'],
    [200, "application/json", '{"status":"ill"}'],
    [200, "application/json", "{}"],
    [200, "text/plain", "ok"],
    [201, "application/json", '{"status":"ok"}'],
    [500, "application/problem+json", '{"title":"Oh"}'],
  ] as const) {
    const before = strict.problems.length;
    await strict.check("/healthz", request, new Response(body, { status, headers: { "Content-Type": type } }));
    assert.ok(strict.problems.length > before, `${status} ${type} ${body}`);
  }
  await strict.check("/healthz", request, new Response('{"status":"ok"}', { headers: { "Content-Type": "application/json" } }));
  assert.equal(strict.problems.length, 6);
});

test("every answer was as described", () => assert.deepEqual(answers.problems, []));

test("every route was called", () => assert.deepEqual(answers.missing(), []));
