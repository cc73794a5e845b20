import { useEffect, useState } from "react";

/** Gives the keyboard back, when this dialog goes, to what opened it; to the page where that is gone too. */
export function useFocusBack(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      const place = opener instanceof HTMLElement && opener.isConnected && opener !== document.body ? opener : document.getElementById("page");
      // After the dialog has let go of the focus.
      setTimeout(() => {
        if (document.activeElement === document.body || document.activeElement === null) place?.focus({ preventScroll: true });
      });
    },
    [opener],
  );
}
