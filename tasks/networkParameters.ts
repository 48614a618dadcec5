import { networkSettings } from "../deploy/networkFile";
import { parametersOf, type DeploymentParameters } from "../deploy/parameters";
import { inWords, type Session } from "./session";

/** The deployment's parameters of the network that a task runs on. Accounts 1 to 7 of a local node play their parts. */
export async function networkParameters(session: Session): Promise<DeploymentParameters> {
  const accounts = (await session.hre.ethers.getSigners()).map(({ address }) => address);
  const [, multisig = "", guardian = "", ...others] = accounts;
  return inWords(session, () =>
    Promise.resolve().then(() =>
      parametersOf(session.network, session.chainId, networkSettings(session.network, process.env).settings, {
        multisig,
        guardian,
        operators: others.slice(0, 4),
        sequencer: others[4] ?? "",
      }),
    ),
  );
}
