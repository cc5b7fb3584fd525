import "@mantine/core/styles.css";
import "~/ui/theme.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { createRoot } from "react-dom/client";
import { I18nextProvider } from "react-i18next";
import { cache } from "~/api/cache";
import { watchConnection } from "~/api/connection";
import { Ask } from "~/features/ask/Ask";
import { Decide } from "~/features/decide/Decide";
import { Form } from "~/features/form/Form";
import { Unsubscribe } from "~/features/unsubscribe/Unsubscribe";
import { i18n } from "~/i18n";
import { theme, variables } from "~/ui/theme";
import { AddressRouter } from "./AddressRouter";
import { Boot } from "./Boot";
import { startWorker } from "./offline/worker";

// Styles that the kit makes while it runs carry the page's nonce, or the content policy refuses them.
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
setNonce(nonce); // for the lock of scrolling behind a panel

watchConnection();
startWorker();

/** The page at this address for whoever followed a link, and has not logged in. */
const Alone = { ask: Ask, decide: Decide, f: Form, unsubscribe: Unsubscribe }[location.pathname.split("/")[1] ?? ""];

createRoot(document.getElementById("root") as HTMLElement).render(
  <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
    <QueryClientProvider client={cache}>
      <I18nextProvider i18n={i18n}>
        {Alone ? (
          <Alone />
        ) : (
          <AddressRouter>
            <Boot />
          </AddressRouter>
        )}
      </I18nextProvider>
    </QueryClientProvider>
  </MantineProvider>,
);
