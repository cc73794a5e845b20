import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, type Schemas } from "~/api/client";
import { Confirm } from "~/components/Confirm";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { lossesOf } from "~/pages/models/lineage";
import { MODELS_KEY } from "~/pages/models/queries";
import { modelWords } from "~/pages/models/words";

/** Asks before a tuned model or a checkpoint goes, and names what goes with it and what stays. */
export function DeleteModel({ lineage, isOpen, close }: { lineage: Schemas["LineageWire"]; isOpen: boolean; close: () => void }) {
  const say = useWords(modelWords);
  const format = useFormat();
  const client = useQueryClient();
  const navigate = useNavigate();
  const name = lineage.model;
  const consequences = lossesOf(lineage).map((loss) =>
    "count" in loss ? say.loses[loss.kind](loss.kind === "bytes" ? format.bytes(loss.count) : format.count(loss.count)) : say.loses[loss.kind],
  );
  return (
    <Confirm
      isOpen={isOpen} close={close} title={say.deleteTitle(name)} consequences={consequences}
      action={lineage.kind === "checkpoint" ? say.deleteCheckpointAction : say.deleteAction}
      run={() => api.DELETE("/v1/models/{model}", { params: { path: { model: name } } })}
      done={() => {
        notifications.show({ message: say.deleted(name) });
        void navigate({ to: "/models" }).then(() => {
          client.removeQueries({ queryKey: ["model", name] });
          client.removeQueries({ queryKey: ["lineage"] });
          return client.invalidateQueries({ queryKey: MODELS_KEY });
        });
      }}
    />
  );
}
