import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

type Schema = Record<string, unknown>;
type Operation = { responses: Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }> };
type Description = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Operation["responses"][string]> };
};

/**
 * Answers holds every answer against the description: its status, its media type, and
 * its JSON, which may have no member that the description doesn't know.
 */
export class Answers {
  /** What is wrong with the answers so far. */
  readonly problems: string[] = [];
  readonly #called = new Set<string>();
  readonly #description: Description;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #checks = new Map<string, ValidateFunction>();

  constructor(file: string) {
    this.#description = JSON.parse(readFileSync(file, "utf8")) as Description;
    formats.default(this.#ajv);
    this.#ajv.addSchema({ $id: "api", components: { schemas: this.#closed() } });
  }

  /** The paths of the description. */
  get paths(): Description["paths"] {
    return this.#description.paths;
  }

  /** Routes of the description that have not answered as they do when all goes well. */
  missing(): string[] {
    const all = new Set<string>();
    for (const [path, methods] of Object.entries(this.#description.paths)) {
      for (const method of Object.keys(methods)) all.add(route(method, path));
    }
    return [...all].filter((one) => !this.#called.has(one)).sort();
  }

  /** Checks the answer to a request at a path of the description. */
  async check(path: string, request: Request, response: Response): Promise<void> {
    const method = request.method.toLowerCase();
    const at = `${request.method} ${request.url}: ${response.status}`;
    const responses = this.#description.paths[path]?.[method]?.responses;
    const found = responses?.[response.status] ?? responses?.[`${Math.floor(response.status / 100)}XX`];
    if (!found) {
      this.problems.push(`${at} is not described`);
      return;
    }
    if (response.status < 400) this.#called.add(route(method, path));
    const { content } = found.$ref ? this.#description.components.responses[found.$ref.split("/").pop()!]! : found;
    const media = response.headers.get("Content-Type")?.split(";")[0] ?? "";
    const body = media === "text/event-stream" ? "" : await response.clone().text(); // which has no end
    if (!content) {
      if (body !== "") this.problems.push(`${at} should have no body: ${body.slice(0, 200)}`);
      return;
    }
    const schema = (content[media] ?? content["*/*"])?.schema;
    if (!schema) {
      this.problems.push(`${at} is ${media}, described are ${Object.keys(content).join(", ")}`);
    } else if (/^application\/(problem\+)?json$/.test(media) && !new URL(request.url).searchParams.has("fields")) {
      this.#hold(at, schema, JSON.parse(body));
    }
  }

  #hold(at: string, schema: Schema, value: unknown): void {
    const key = JSON.stringify(schema);
    let check = this.#checks.get(key);
    if (!check) {
      check = this.#ajv.compile(JSON.parse(key.replaceAll('"#/', '"api#/')) as Schema);
      this.#checks.set(key, check);
    }
    if (!check(value)) this.problems.push(`${at}: ${this.#ajv.errorsText(check.errors)}: ${JSON.stringify(value).slice(0, 300)}`);
  }

  /** The components, without room for members that they don't name. */
  #closed(): Record<string, Schema> {
    const components = structuredClone(this.#description.components.schemas);
    const close = (schema: unknown): unknown => {
      if (Array.isArray(schema)) return schema.map(close);
      if (typeof schema !== "object" || schema === null) return schema;
      let one = schema as Schema;
      if (Array.isArray(one.allOf)) {
        const parts = (one.allOf as Schema[]).map((p) => (typeof p.$ref === "string" ? components[p.$ref.split("/").pop()!]! : p));
        one = {
          type: "object",
          properties: Object.assign({}, ...parts.map((p) => p.properties)) as Schema,
          required: parts.flatMap((p) => (p.required as string[] | undefined) ?? []),
        };
      }
      const closed: Schema = Object.fromEntries(Object.entries(one).map(([name, value]) => [name, name === "enum" ? value : close(value)]));
      if (closed.properties && !("additionalProperties" in closed) && typeof closed.type !== "undefined") closed.additionalProperties = false;
      return closed;
    };
    return Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, close(schema) as Schema]));
  }
}

/** A route as the table of routes has it: the same for the records of every object. */
function route(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replace(/^(\/api\/v1\/records\/)[^/]+/, "$1:object")}`;
}
