// What tests of the studio do alike.

/** The answer to the next change that is stored in a draft; `of` is a kind of documents, if that matters. */
export const stored = (page, of) =>
  page.waitForResponse(
    (r) => r.url().endsWith("/documents") && r.request().method() === "PATCH" && (!of || r.request().postData().includes(`"${of}"`)),
  );

/** The line at the top that says which draft is worked on. */
export const strip = (page, t) => page.getByRole("region", { name: t("studio.draft"), exact: true });

/** Publishes the draft, once nothing stands in its way. */
export async function publish(page, t) {
  await strip(page, t).getByRole("link", { name: t("studio.publish") }).click();
  await published(page, t);
}

/** Publishes from the page of changes. */
export async function published(page, t) {
  await page.getByRole("main").getByRole("button", { name: t("studio.publish"), exact: true }).and(page.locator(":enabled")).click();
  await page.getByText(t("studio.published", { revision: "@" }).split("@")[0]).first().waitFor();
}
