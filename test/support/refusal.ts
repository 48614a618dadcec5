import { expect } from "chai";
import { DeploymentError } from "../../deploy/deploymentError";

/** The error with which `action` refuses. */
export function refusalOf(action: () => unknown): DeploymentError {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(DeploymentError);
    return error as DeploymentError;
  }
  throw new Error("it did not refuse");
}
