// Holds a description against the schema of OpenAPI 3.1, and against Redocly's
// recommended rules.
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";

/** What the rules say and does not hold here, each with the reason. */
const exceptions = new Map([
  ["info-license #/info", "a tenant's own API has no licence"],
  ["operation-2xx-response #/paths/~1/get/responses", "/ only leads elsewhere"],
]);

/** What is wrong with a description, one line each; warnings count. */
export async function problemsOf(text) {
  const { valid, errors } = await new Validator().validate(JSON.parse(text));
  const problems = valid ? [] : [].concat(errors).map((e) => `${e.instancePath ?? ""} ${e.message ?? e}`);
  const config = await createConfig({ extends: ["recommended"] });
  for (const { severity, ruleId, message, location } of await lintFromString({ source: text, absoluteRef: "openapi.json", config })) {
    const at = location[0]?.pointer;
    if (!exceptions.has(`${ruleId} ${at}`)) problems.push(`${severity} ${ruleId} ${at}: ${message}`);
  }
  return problems;
}
