import { opcodeName } from "./opcodes";

/** Twin of `PurityChecker`: which bytecode may be a game's rules. */
export type Purity =
  | { readonly kind: "pure" }
  | { readonly kind: "empty" }
  | { readonly kind: "impure"; readonly offset: number; readonly opcode: number };

const ADMITTED_NAMES = new Set(
  (
    "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND " +
    "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR KECCAK256 " +
    "CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY " +
    "POP MLOAD MSTORE MSTORE8 JUMP JUMPI JUMPDEST MCOPY RETURN REVERT INVALID"
  ).split(" "),
);

const ADMITTED: readonly boolean[] = Array.from({ length: 256 }, (_, opcode) => {
  const name = opcodeName(opcode) ?? "";
  return ADMITTED_NAMES.has(name) || /^(PUSH|DUP|SWAP)/.test(name);
});

export function isAdmitted(opcode: number): boolean {
  return ADMITTED[opcode] ?? false;
}

/** Reads deployed code as the EVM does, and finds the first instruction that is refused. */
export function inspectCode(code: Uint8Array): Purity {
  if (code.length === 0) return { kind: "empty" };
  let offset = 0;
  while (offset < code.length) {
    const opcode = code[offset] ?? 0;
    if (!isAdmitted(opcode)) return { kind: "impure", offset, opcode };
    offset += opcode >= 0x60 && opcode <= 0x7f ? opcode - 0x5e : 1;
  }
  return { kind: "pure" };
}
