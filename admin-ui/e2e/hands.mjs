// How somebody does what a journey asks for: with a mouse, or with keys alone. A journey takes either.
import assert from "node:assert/strict";

const most = 150; // strokes of Tab within which everything must be reached

/** Strokes one after another: `g 4`, `Control+k`. */
const strike = async (page, strokes) => {
  for (const stroke of strokes.split(" ")) await page.keyboard.press(stroke);
};

/** Counts what pointers do in a page from now on: every press and drag is one action. */
export async function pointers(page) {
  await page.evaluate(() => {
    window.pointed = 0;
    window.addEventListener("pointerdown", () => window.pointed++, { capture: true });
  });
  return () => page.evaluate(() => window.pointed);
}

/** What a label stands at, whether or not it is marked as required. */
export const labelled = (within, label) => within.getByLabel(new RegExp(`^${label}( \\*)?$`));

/** Takes an element to another by the pointer; `halfway` is called with the pointer there and still pressed. */
export async function drag(page, from, to, halfway) {
  const [a, b] = [await from.boundingBox(), await to.boundingBox()];
  await page.mouse.move(a.x + 12, a.y + a.height - 6);
  await page.mouse.down();
  await page.mouse.move(b.x + b.width / 2, b.y + Math.min(b.height / 2, 90), { steps: 5 });
  await halfway?.();
  await page.mouse.up();
}

export const mouse = (page, { t, object }) => ({
  /** Does what a button, a link, a choice does; a key that does the same is of no matter here. */
  press: (what) => what.click(),
  /** Chooses one of several, or ticks something. */
  mark: (what) => what.check(),
  /** Takes what an open menu has. */
  item: (what) => what.click(),
  /** Goes near something by keys; a mouse needs no such way. */
  near: () => undefined,
  /** Writes into an input in place of what is there. */
  async enter(what, text) {
    await what.click();
    await what.fill(text);
  },
  /** Writes into an input and leaves it at that, so that it offers something. */
  async type(what, text) {
    await what.click();
    await what.fill("");
    await what.pressSequentially(text);
  },
  /** Takes something that is offered; by keys it is written first, so that it is the first one. */
  take: (option) => option.click(),
  /** Chooses from what an input offers, finding it by its name. */
  async choose(what, name) {
    await what.click();
    if (await what.isEditable()) await what.fill(name);
    await page.getByRole("option", { name, exact: true }).click();
  },
  /** Enters a day, as YYYY-MM-DD. */
  day: (what, day) => what.fill(day),
  /** Finishes what was written. */
  submit: (button) => button.click(),
  /** Begins a record of an object, wherever one is. */
  async make(of) {
    await page.getByRole("banner").getByRole("button", { name: t("app.create"), exact: true }).click();
    await page.getByRole("menuitem", { name: t("record.new", { object: object(of) }), exact: true }).click();
  },
  /** Goes to a list. */
  place: (link) => link.click(),
  /** Does what a command does that a menu has too. */
  async command(label, menu) {
    await menu.click();
    await page.getByRole("menuitem", { name: label }).click();
  },
  /** Opens a record that was opened before. */
  open: (name) => page.getByRole("navigation", { name: t("app.menu") }).getByRole("link", { name }).click(),
});

export const keys = (page, { t, object }) => {
  /** Goes by Tab to where something is, or by Shift and Tab if it is before. */
  const reach = async (what) => {
    await what.waitFor();
    for (let i = 0; i < most; i++) {
      const way = await what.evaluate((to) => {
        const at = document.activeElement;
        if (at === to) return undefined;
        const before = at.compareDocumentPosition(to) & Node.DOCUMENT_POSITION_PRECEDING;
        return before && at !== document.body ? "Shift+Tab" : "Tab";
      });
      if (!way) return;
      await page.keyboard.press(way);
    }
    const at = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 300));
    assert.fail(`${what} is not reached by Tab, which is at ${at}`);
  };
  /** Has the palette find something, and takes it. */
  const palette = async (text) => {
    await page.keyboard.press("Control+k");
    const found = page.getByRole("dialog", { name: t("app.palette") });
    await found.getByRole("combobox").and(page.locator(":focus")).waitFor();
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  };
  return {
    async press(what, strokes) {
      if (strokes) return strike(page, strokes);
      await reach(what);
      await page.keyboard.press("Enter");
    },
    async mark(what) {
      await what.waitFor();
      for (let i = 0; i < most && !(await what.isChecked()); i++) {
        const near = await what.evaluate((to) => document.activeElement?.name === to.name);
        await page.keyboard.press(near ? "ArrowDown" : "Tab");
      }
    },
    async item(what) {
      await what.waitFor();
      const here = () => what.evaluate((to) => to === document.activeElement);
      for (let i = 0; i < most && !(await here()); i++) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
    },
    near: (strokes) => strike(page, strokes),
    async enter(what, text) {
      await reach(what);
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type(text);
    },
    async type(what, text) {
      await reach(what);
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type(text);
    },
    async take(option, text) {
      if (text) {
        await page.locator("input:focus, textarea:focus").waitFor(); // it may be about to be shown
        await page.keyboard.type(text);
      }
      await option.waitFor();
      if (!(await page.locator("[data-combobox-selected]").count())) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
    },
    async choose(what, name) {
      await reach(what);
      await this.take(page.getByRole("option", { name, exact: true }), name);
    },
    async day(what, day) {
      await reach(what);
      const [year, month, date] = day.split("-");
      await page.keyboard.type(`${month}${date}${year}`); // as the browser of this language has it
    },
    submit: () => page.keyboard.press("Enter"),
    make: (of) => palette(`> ${t("record.new", { object: object(of) })}`),
    place: (_, plural) => palette(`#${plural}`),
    command: (label) => palette(`> ${label}`),
    open: (name) => palette(name),
  };
};
