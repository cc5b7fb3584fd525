import { expect, test } from "vitest";
import { blockOf, readBlock, writeBlock } from "./grid";

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
