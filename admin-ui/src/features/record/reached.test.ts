import { expect, test } from "vitest";
import type { ObjectModel } from "~/meta/model";
import { reachedBy } from "./reached";

test("the first telephone, address and place are ways to somebody, and nothing in them can run", () => {
  const field = (name: string, shows: string) => [name, { name, shows }] as const;
  const object = {
    fields: new Map([
      field("mobile", "phone"),
      field("phone", "phone"),
      field("mail", "email"),
      field("home", "address"),
    ]),
  } as unknown as ObjectModel;
  expect(
    reachedBy(object, {
      id: "1",
      phone: "+49 (30) 1234",
      mail: "a b?cc=x@example.com",
      home: { street: "Main & 1", city: "Bonn", postal_code: "53111" },
    }),
  ).toEqual([
    { kind: "call", href: "tel:+49301234" },
    { kind: "mail", href: "mailto:a%20b%3Fcc%3Dx@example.com" },
    { kind: "map", href: "https://www.openstreetmap.org/search?query=Main%20%26%201%2C%2053111%20Bonn" },
  ]);
  expect(reachedBy(object, { id: "1" })).toEqual([]);
});
