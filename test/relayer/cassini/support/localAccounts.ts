import { HDNodeWallet, Mnemonic } from "ethers";

const MNEMONIC = "test test test test test test test test test test test junk";

/** Key of account `index` of a local node. */
export function accountOf(index: number): HDNodeWallet {
  return HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), `m/44'/60'/0'/0/${index}`);
}
