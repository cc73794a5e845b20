import { createTheme, type MantineColorsTuple } from "@mantine/core";
import { setNonce } from "get-nonce";

/** What inline style sheets must carry: the server allows no others. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
setNonce(styleNonce); // for what keeps the page below a dialog from scrolling

const teal: MantineColorsTuple = [
  "#e3f7fa", "#cdeaf0", "#9dd5e0", "#69bfd0", "#41acc3", "#299fbb", "#1796b6", "#067b98", "#0b7285", "#00657b",
];

/** Contrast of text on `filled` and `light` controls is AA in both schemes with these shades. */
export const theme = createTheme({
  primaryColor: "teal",
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  colors: { teal },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
});
