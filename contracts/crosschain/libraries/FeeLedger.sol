// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Lane} from "../types/Lane.sol";
import {LaneFees} from "../types/QCP.sol";

/// @title What the deliverer of each message earns
/// @notice One amount per message in units of 10^6 wei, four to a word. A send with a fee writes a new word once in four
/// times, and a result of 256 messages reads 64 words. A lane that never took a fee reads and writes nothing.
library FeeLedger {
    /// @notice Wei of one unit (1 mwei).
    uint256 internal constant UNIT = 1e6;
    uint256 private constant PER_WORD = 4;
    uint256 private constant BITS = 64;

    /// @notice Units that a message of the lane costs now.
    function price(Lane storage lane, uint256 gasLimit, uint256 payloadBytes) internal view returns (uint256 units) {
        (uint256 base, uint256 perGas, uint256 perByte) = (lane.feeBase, lane.feePerGas, lane.feePerByte);
        unchecked {
            // 48 bits + 32 · 32 + 32 · 24: far below 256.
            units = base + perGas * gasLimit + perByte * payloadBytes;
        }
    }

    function setPrices(Lane storage lane, LaneFees calldata fees) internal {
        (lane.feeBase, lane.feePerGas, lane.feePerByte) = (fees.base, fees.perGas, fees.perByte);
    }

    function prices(Lane storage lane) internal view returns (LaneFees memory) {
        return LaneFees({base: lane.feeBase, perGas: lane.feePerGas, perByte: lane.feePerByte});
    }

    /// @notice Adds `units` to what message `seq` pays. Reverts where its 64 bits would not hold the sum.
    function add(Lane storage lane, uint64 seq, uint256 units) internal {
        uint256 shift = (seq % PER_WORD) * BITS;
        uint256 word = lane.fees[uint64(seq / PER_WORD)];
        uint256 before = uint64(word >> shift);
        uint256 total = SafeCast.toUint64(before + units);
        lane.fees[uint64(seq / PER_WORD)] = word ^ ((before ^ total) << shift);
        if (!lane.hasFees) lane.hasFees = true;
    }

    /// @notice Units that messages `first … last` pay.
    function sum(Lane storage lane, uint64 first, uint64 last) internal view returns (uint256 units) {
        unchecked {
            // 256 messages at most, 64 bits each.
            uint256 word = lane.fees[uint64(first / PER_WORD)] >> ((first % PER_WORD) * BITS);
            for (uint64 seq = first; ;) {
                units += uint64(word);
                if (seq == last) break;
                word = ++seq % PER_WORD == 0 ? lane.fees[uint64(seq / PER_WORD)] : word >> BITS;
            }
        }
    }
}
