// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CompactSignature} from "../../crosschain/libraries/CompactSignature.sol";
import {LedgerLeaves, Leaves} from "./LedgerLeaves.sol";
import {LedgerTransaction, LedgerTx} from "./LedgerTransaction.sol";

/// @notice What all transactions of a batch have in common.
/// @param time The batch's clock, in Unix seconds.
/// @param queueTime All entries queued until then are consumed by the batch.
/// @param queueTo Where the batch ends in the queue.
/// @param movesHalt From this time on rules are not called any more.
/// @param separator EIP-712 domain separator of the rollup.
struct BatchContext {
    uint256 time;
    uint256 queueTime;
    uint256 queueTo;
    uint256 movesHalt;
    bytes32 separator;
}

/// @notice One transaction on its way.
/// @param sender Whom layer 1 has authenticated; zero where signatures speak.
/// @param clock The batch's time, or when a forced transaction was queued.
/// @param queue Entries of the queue consumed so far.
struct Step {
    Leaves leaves;
    BatchContext context;
    LedgerTx transaction;
    address sender;
    uint256 clock;
    uint256 queue;
}

/// @title Who may do what on the ledger
/// @notice The twin of `protocol/ledger/authority.ts`.
library LedgerAuthority {
    using LedgerLeaves for bytes;
    using LedgerTransaction for LedgerTx;

    uint256 internal constant TRANSFERS = 1;
    uint256 internal constant ITEMS = 2;
    uint256 internal constant GAMES = 4;
    uint256 internal constant ALL_SCOPES = 7;
    /// @dev In place of a scope: the owner alone.
    uint256 internal constant OWNER_ONLY = 0;

    /// @notice Whether the one behind signature number `index` may act for `account`, with a key of this scope.
    /// @param game For games, the session's; 0 otherwise.
    function mayAct(
        Step memory step,
        bytes memory account,
        uint256 index,
        uint256 scope,
        uint256 game
    ) internal pure returns (bool) {
        address who = speaker(step, index, account.get(LedgerLeaves.NONCE));
        if (who == address(0)) return false;
        if (uint160(who) == account.get(LedgerLeaves.OWNER)) return true;
        if (uint160(who) != account.get(LedgerLeaves.KEY)) return false;
        if (step.clock >= account.get(LedgerLeaves.KEY_EXPIRY)) return false;
        if (account.get(LedgerLeaves.KEY_SCOPE) & scope == 0) return false;
        uint256 only = account.get(LedgerLeaves.KEY_GAME);
        return game == 0 || only == 0 || only == game;
    }

    /// @notice Uses up the nonce of a signature; a forced transaction has none.
    function advance(Step memory step, bytes memory account) internal pure {
        if (step.sender != address(0)) return;
        account.set(LedgerLeaves.NONCE, account.get(LedgerLeaves.NONCE) + 1);
    }

    /// @notice The address behind signature number `index`; zero where there is none.
    function speaker(Step memory step, uint256 index, uint256 nonce) internal pure returns (address) {
        if (step.sender != address(0)) return index == 0 ? step.sender : address(0);
        bytes memory signatures = step.transaction.signatures;
        uint256 offset = CompactSignature.BYTES * index;
        if (signatures.length < offset + CompactSignature.BYTES) return address(0);
        bytes32 r;
        uint256 vs;
        assembly ("memory-safe") {
            r := mload(add(add(signatures, 32), offset))
            vs := mload(add(add(signatures, 64), offset))
        }
        return CompactSignature.recover(step.transaction.digest(nonce, step.context.separator), r, vs);
    }
}
