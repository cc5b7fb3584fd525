import { Combobox, type CSSVariablesResolver, createTheme, Drawer } from "@mantine/core";
import type { SyntheticEvent } from "react";

const within = (event: SyntheticEvent) => event.stopPropagation();

export const theme = createTheme({
  fontFamily: 'system-ui, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", sans-serif',
  fontSizes: { xs: "13px", sm: "13px", md: "15px", lg: "20px" },
  defaultRadius: 6,
  primaryColor: "accent",
  primaryShade: { light: 6, dark: 5 },
  components: {
    // What is behind a panel stays readable.
    Drawer: Drawer.extend({ defaultProps: { overlayProps: { backgroundOpacity: 0.28 } } }),
    // What is offered belongs to the panel that asks for it, though the page has it elsewhere: who presses it has not
    // pressed beside the panel, which would close, and with it what is pressed.
    ComboboxDropdown: Combobox.Dropdown.extend({ defaultProps: { onMouseDown: within, onTouchStart: within } }),
  },
  colors: {
    // What the kit draws dark, from text to ground, is ours too.
    dark: [
      "#e7e9ec",
      "#a9b1bc",
      "#8f98a4",
      "#6f7885",
      "#3c434d",
      "#2d323a",
      "#22262c",
      "#1a1d22",
      "#14161a",
      "#101216",
    ],
    accent: [
      "#edf0ff",
      "#dbe1ff",
      "#b8c4ff",
      "#8fa3ff",
      "#6f86f2",
      "#4a63e0",
      "#3b55d9",
      "#3149c0",
      "#283da3",
      "#1f2747",
    ],
  },
});

/** The kit draws with our colours, so that a switch of the theme is one attribute. */
export const variables: CSSVariablesResolver = () => {
  const ours = {
    "--mantine-color-body": "var(--bg)",
    "--mantine-color-text": "var(--text)",
    "--mantine-color-dimmed": "var(--text-2)",
    "--mantine-color-error": "var(--bad)",
    "--mantine-color-placeholder": "var(--text-3)",
    "--mantine-color-default": "var(--bg)",
    "--mantine-color-default-hover": "var(--surface)",
    "--mantine-color-default-color": "var(--text)",
    "--mantine-color-default-border": "var(--button-line)",
  };
  return { variables: {}, light: ours, dark: ours };
};
