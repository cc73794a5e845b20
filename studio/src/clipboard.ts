/**
 * Copying for a page that came over plain http, as from another machine of the house: browsers give the clipboard's own
 * interface to https and to this machine alone. To be called once, before anything is shown.
 */
export function provideClipboard(): void {
  if ("clipboard" in navigator) return;
  Object.defineProperty(navigator, "clipboard", { value: { writeText } });
}

async function writeText(text: string): Promise<void> {
  const selection = document.getSelection();
  const before = selection?.rangeCount ? selection.getRangeAt(0) : null;
  // Some browsers copy only where something is selected; what arrives is the text itself, whatever is selected.
  const mark = document.createElement("span");
  mark.textContent = "\u00a0";
  document.body.append(mark);
  const give = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("copy", give, { capture: true });
  try {
    selection?.selectAllChildren(mark);
    if (!document.execCommand("copy")) throw new Error("the browser did not copy");
  } finally {
    document.removeEventListener("copy", give, { capture: true });
    mark.remove();
    selection?.removeAllRanges();
    if (before) selection?.addRange(before);
  }
}
