import { fieldType } from "../field";

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** What no other folder knows: shown, not entered. */
export default fieldType<unknown>({ type: "unknown", width: 200, cell: text, text, sample: () => "something" });
