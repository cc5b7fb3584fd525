import { describe, expect, it, test } from "vitest";
import { blockOf, readBlock, spread, writeBlock } from "./grid";

test.each([
  [
    "a\tb\nc\td",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ["a\r\nb\r\n", [["a"], ["b"]]],
  ['"two\nlines"\tb', [["two\nlines", "b"]]],
  ['say ""hi""\t"x"', [['say ""hi""', "x"]]],
  ['"he said ""no"""', [['he said "no"']]],
  ['"never ends\tb', [['"never ends', "b"]]],
  ['5" pipe\tb', [['5" pipe', "b"]]],
  ["\t\n", [["", ""]]],
  ["", [[""]]],
])("the block %j", (text, rows) => expect(readBlock(text)).toEqual(rows));

test("a block that is written is read again", () => {
  const cells = ["", "a", "two\nlines", 'a "quote"', '"', "tab\there", "金额", "\r"];
  for (const a of cells)
    for (const b of cells)
      expect(
        readBlock(
          writeBlock([
            [a, b],
            ["x", a],
          ]),
        ),
      ).toEqual([
        [a, b],
        ["x", a],
      ]);
});

test("a block lies between two places, whichever was first", () => {
  expect(blockOf({ row: 5, column: 1 }, { row: 2, column: 3 })).toEqual({ top: 2, bottom: 5, left: 1, right: 3 });
});

describe("the room of a grid", () => {
  const column = (key: string, width: number, grows = false) => ({
    key,
    label: key,
    width,
    grows,
    cell: () => null,
    title: () => key,
  });
  const widths = (room: number, ...columns: ReturnType<typeof column>[]) => spread(columns, room).map((c) => c.width);

  it("goes to the column that grows, up to a size", () => {
    expect(widths(700, column("name", 200, true), column("owner", 300))).toEqual([400, 300]);
    expect(widths(2000, column("name", 200, true), column("owner", 300))).toEqual([440, 300]);
  });
  it("is left empty, or scrolled to, where no column grows or there is none", () => {
    expect(widths(700, column("name", 200), column("owner", 300))).toEqual([200, 300]);
    expect(widths(400, column("name", 200, true), column("owner", 300))).toEqual([200, 300]);
  });
});
