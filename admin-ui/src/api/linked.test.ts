import { expect, test } from "vitest";
import { linkOf } from "./linked";

test("a link names a tenant and a token", () => {
  const token = "AbC-_0123456789012345678";
  expect(linkOf(`#main.${token}`)).toEqual({ tenant: "main", token });
  expect(linkOf(`#a.b.${token}`)).toEqual({ tenant: "a.b", token });
  for (const wrong of ["", "#", "#main", `#.${token}`, `#${token}`, "#main.short", `#main.${token}!`])
    expect(linkOf(wrong), wrong).toBeUndefined();
});
