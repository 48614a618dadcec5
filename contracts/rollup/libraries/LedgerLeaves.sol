// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The leaves of a witness, as an execution sees and changes them.
/// @param indices Ascending, each once.
/// @param leaves Their bytes; none where empty.
/// @param next First index never used.
struct Leaves {
    uint256[] indices;
    bytes[] leaves;
    uint256 next;
}

/// @title Leaves of the ledger in memory
/// @notice A leaf's fields lie at fixed offsets behind its type byte (contracts/rollup/README.md). Reading a leaf that the
/// witness does not have reverts: it never counts as empty.
library LedgerLeaves {
    uint256 internal constant ACCOUNT = 1;
    uint256 internal constant BALANCE = 2;
    uint256 internal constant ITEM = 3;
    uint256 internal constant ALLOWANCE = 4;
    uint256 internal constant GAME = 5;
    uint256 internal constant SESSION = 6;
    uint256 internal constant EXIT = 7;
    uint256 internal constant ITEM_EXIT = 8;
    uint256 internal constant FEE_EXIT = 9;

    /// @notice Leaves of a tree: so that the first index never used has 32 bits, too.
    uint256 internal constant CAPACITY = (1 << 32) - 1;

    /// @dev A field: where it begins, and its bytes.
    uint256 private constant SIZE_BITS = 8;
    uint256 private constant SIZE_MASK = 255;

    uint256 internal constant OWNER = (1 << 8) | 20;
    uint256 internal constant NONCE = (21 << 8) | 8;
    uint256 internal constant KEY = (29 << 8) | 20;
    uint256 internal constant KEY_EXPIRY = (49 << 8) | 8;
    uint256 internal constant KEY_SCOPE = (57 << 8) | 1;
    uint256 internal constant KEY_GAME = (58 << 8) | 4;

    /// @notice Of balances, items and allowances.
    uint256 internal constant HOLDER = (1 << 8) | 4;
    uint256 internal constant ASSET = (5 << 8) | 4;
    uint256 internal constant AMOUNT = (9 << 8) | 16;
    /// @notice Of items and allowances.
    uint256 internal constant ITEM_ID = (5 << 8) | 32;
    uint256 internal constant ITEM_AMOUNT = (37 << 8) | 8;

    uint256 internal constant GAME_ID = (1 << 8) | 8;
    uint256 internal constant RULES = (9 << 8) | 20;
    uint256 internal constant GAME_ASSET = (29 << 8) | 4;
    uint256 internal constant RAKE_BPS = (33 << 8) | 2;
    uint256 internal constant FEES = (35 << 8) | 16;

    /// @notice Of exits, whose owner is where an account's is.
    uint256 internal constant EXIT_ASSET = (21 << 8) | 4;
    uint256 internal constant EXIT_AMOUNT = (25 << 8) | 16;
    uint256 internal constant EXIT_ITEM = (21 << 8) | 32;
    uint256 internal constant EXIT_ITEM_AMOUNT = (53 << 8) | 8;
    /// @notice Of fees that leave, whose game is where a game's number is.
    uint256 internal constant FEE_EXIT_ASSET = (9 << 8) | 4;
    uint256 internal constant FEE_EXIT_AMOUNT = (13 << 8) | 16;

    uint256 internal constant SESSION_GAME = (1 << 8) | 4;
    uint256 internal constant STAKE = (5 << 8) | 16;
    uint256 internal constant PLAYERS = (21 << 8) | 1;
    uint256 internal constant JOINED = (22 << 8) | 1;
    uint256 internal constant PHASE = (23 << 8) | 1;
    uint256 internal constant MOVE_SECONDS = (24 << 8) | 4;
    uint256 internal constant LIFE_SECONDS = (28 << 8) | 4;
    uint256 internal constant DEADLINE = (32 << 8) | 8;
    uint256 internal constant ENDS_BY = (40 << 8) | 8;
    uint256 private constant SEATS_OFFSET = 48;
    uint256 private constant SEAT_BYTES = 4;

    error LeafMissing(uint256 index);
    error LeavesNotAscending(uint256 index);
    error LeavesUnpaired(uint256 indices, uint256 leaves);

    /// @notice Reverts where indices do not ascend, each once, or are no indices: a leaf twice could be two things. So it does
    /// where an index has no leaf: the tree would take what lies behind in memory for its hash.
    function requireAscending(Leaves memory self) internal pure {
        if (self.indices.length != self.leaves.length) revert LeavesUnpaired(self.indices.length, self.leaves.length);
        uint256 least = 0;
        for (uint256 i = 0; i < self.indices.length; ++i) {
            uint256 index = self.indices[i];
            if (index < least || index > type(uint32).max) revert LeavesNotAscending(index);
            least = index + 1;
        }
    }

    /// @notice The bytes of a leaf; none where it is empty.
    function at(Leaves memory self, uint256 index) internal pure returns (bytes memory) {
        return self.leaves[_slot(self, index)];
    }

    /// @notice A leaf if it is of this kind, and whether it is.
    function ofKind(Leaves memory self, uint256 index, uint256 kind) internal pure returns (bool, bytes memory leaf) {
        leaf = at(self, index);
        return (leaf.length != 0 && uint8(leaf[0]) == kind, leaf);
    }

    function put(Leaves memory self, uint256 index, bytes memory leaf) internal pure {
        self.leaves[_slot(self, index)] = leaf;
    }

    function clear(Leaves memory self, uint256 index) internal pure {
        self.leaves[_slot(self, index)] = "";
    }

    /// @notice Writes to the first index never used, and returns it.
    function append(Leaves memory self, bytes memory leaf) internal pure returns (uint256 index) {
        index = self.next++;
        put(self, index, leaf);
    }

    function hasRoom(Leaves memory self, uint256 leaves) internal pure returns (bool) {
        return self.next + leaves <= CAPACITY;
    }

    /// @notice A field of a leaf that has it.
    function get(bytes memory leaf, uint256 field) internal pure returns (uint256) {
        return _get(leaf, field >> SIZE_BITS, field & SIZE_MASK);
    }

    /// @notice Changes a field of a leaf in place. The value fits.
    function set(bytes memory leaf, uint256 field, uint256 value) internal pure {
        _set(leaf, field >> SIZE_BITS, field & SIZE_MASK, value);
    }

    /// @notice The balance that a player of a session plays from; 0 where nobody has joined.
    function seat(bytes memory session, uint256 player) internal pure returns (uint256) {
        return _get(session, SEATS_OFFSET + SEAT_BYTES * player, SEAT_BYTES);
    }

    function setSeat(bytes memory session, uint256 player, uint256 index) internal pure {
        _set(session, SEATS_OFFSET + SEAT_BYTES * player, SEAT_BYTES, index);
    }

    /// @notice A session's state; its setup while it waits.
    function stateOf(bytes memory session) internal pure returns (bytes memory state) {
        uint256 offset = SEATS_OFFSET + SEAT_BYTES * get(session, PLAYERS);
        state = new bytes(_get(session, offset, 2));
        assembly ("memory-safe") {
            mcopy(add(state, 32), add(add(session, 34), offset), mload(state))
        }
    }

    /// @notice The session with another state.
    function withState(bytes memory session, bytes memory state) internal pure returns (bytes memory changed) {
        uint256 head = SEATS_OFFSET + SEAT_BYTES * get(session, PLAYERS);
        changed = new bytes(head + 2 + state.length);
        assembly ("memory-safe") {
            mcopy(add(changed, 32), add(session, 32), head)
            mcopy(add(add(changed, 34), head), add(state, 32), mload(state))
        }
        _set(changed, head, 2, state.length);
    }

    function account(address owner) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(ACCOUNT), owner, new bytes(41));
    }

    function balance(uint256 holder, uint256 asset, uint256 amount) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(BALANCE), uint32(holder), uint32(asset), uint128(amount));
    }

    /// @param kind `ITEM` or `ALLOWANCE`.
    function item(uint256 kind, uint256 holder, uint256 id, uint256 amount) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(kind), uint32(holder), id, uint64(amount));
    }

    function _slot(Leaves memory self, uint256 index) private pure returns (uint256) {
        uint256[] memory indices = self.indices;
        uint256 low = 0;
        uint256 high = indices.length;
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            uint256 found = indices[middle];
            if (found == index) return middle;
            if (found < index) low = middle + 1;
            else high = middle;
        }
        revert LeafMissing(index);
    }

    function _get(bytes memory leaf, uint256 offset, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, mul(8, size)), mload(add(add(leaf, 32), offset)))
        }
    }

    function _set(bytes memory leaf, uint256 offset, uint256 size, uint256 value) private pure {
        assembly ("memory-safe") {
            let word := add(add(leaf, 32), offset)
            let shift := sub(256, mul(8, size))
            let rest := shr(mul(8, size), not(0))
            // A write near the end must not touch what lies behind the leaf: it keeps the bytes that it reads there.
            mstore(word, or(and(mload(word), rest), shl(shift, value)))
        }
    }
}
