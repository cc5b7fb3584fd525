import { describe, expect, it } from "vitest";
import { patched } from "~/studio/patching";
import { adds, addsStep, type FormDoc, linesOf, moves, neighbours, removes, removesStep, says } from "./shaped";

const form: FormDoc = {
  name: "f",
  object: "lead",
  steps: [{ name: "you" }, { name: "more", visible_when: "a != nil" }],
  fields: [{ field: "a" }, { field: "b", step: "more", help: { en: "B" } }, { field: "c", step: "you" }],
};
const became = (of: FormDoc, patch: unknown) => patched(of, patch) as FormDoc;
const drawn = (of: FormDoc) =>
  linesOf(of).map((line) => `${line.step?.name ?? ""}: ${line.asked.map((one) => one.doc.field)}`);

describe("a form is shaped", () => {
  it("is drawn step by step", () => {
    expect(drawn(form)).toEqual(["you: a,c", "more: b"]);
    expect(drawn({ ...form, steps: undefined, fields: [{ field: "a" }] })).toEqual([": a"]);
    expect(neighbours(linesOf(form)[0] as never, 0)).toEqual({ before: undefined, behind: 2, beyond: undefined });
  });
  it("by adding, moving and removing what is asked", () => {
    expect(drawn(became(form, adds(form, "d", "more")))).toEqual(["you: a,c", "more: b,d"]);
    expect(drawn(became(form, moves(form, 2, 0, "you")))).toEqual(["you: c,a", "more: b"]);
    expect(drawn(became(form, moves(form, 0, undefined, "more")))).toEqual(["you: c", "more: b,a"]);
    expect(drawn(became(form, moves(form, 1, 0, "you")))).toEqual(["you: b,a,c", "more: "]);
    expect(moves(form, 1, 1, "more")).toEqual({});
    expect(drawn(became(form, removes(form, 0)))).toEqual(["you: c", "more: b"]);
  });
  it("by saying something of one place, and nothing of others", () => {
    const next = became(form, says(form, "fields", 1, ["label"], "Bee"));
    expect(next.fields).toEqual([
      form.fields?.[0],
      { field: "b", step: "more", help: { en: "B" }, label: "Bee" },
      form.fields?.[2],
    ]);
    expect(became(form, says(form, "steps", 1, ["visible_when"], undefined)).steps).toEqual([
      { name: "you" },
      { name: "more" },
    ]);
  });
  it("by steps", () => {
    const plain: FormDoc = { name: "f", object: "lead", fields: [{ field: "a" }] };
    const two = became(
      plain,
      addsStep(plain, (step) => `Step ${step}`),
    );
    expect(drawn(two)).toEqual(["step_1: a", "step_2: "]);
    const three = became(
      two,
      addsStep(two, (step) => `Step ${step}`),
    );
    expect(three.steps?.map((one) => one.label)).toEqual(["Step 1", "Step 2", "Step 3"]);
    const third = became(three, moves(three, 0, undefined, "step_3"));
    expect(drawn(became(third, removesStep(third, 0)))).toEqual(["step_2: ", "step_3: a"]);
    expect(drawn(became(form, removesStep(form, 0)))).toEqual([": a,b,c"]);
    expect(became(form, removesStep(form, 0)).steps).toBeUndefined();
  });
});
