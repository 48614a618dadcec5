// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IRollup, Poster} from "./IRollup.sol";

/// @title Who stands behind batches, and with what
/// @notice A bond is free a challenge window after its poster has stopped: its last batch is final then. Posting writes nothing
/// here.
abstract contract PosterBonds is IRollup, AccessManaged {
    /// @inheritdoc IRollup
    uint256 public immutable BOND;
    /// @inheritdoc IRollup
    uint256 public immutable CHALLENGE_SECONDS;

    mapping(address account => Poster) private _posters;
    /// @inheritdoc IRollup
    mapping(address prover => uint256) public rewardOf;
    /// @dev Bonds and rewards, in wei. What this contract has beyond them are fees of entries.
    uint256 internal _owed;

    constructor(uint128 bond, uint32 challengeSeconds) {
        if (bond == 0) revert ZeroBond();
        // On a public chain a proof needs the time to be included; a local one may be fast.
        uint256 least = block.chainid == 31337 || block.chainid == 31338 ? 1 : 1 days;
        if (challengeSeconds < least) revert WindowTooShort(challengeSeconds, least);
        BOND = bond;
        CHALLENGE_SECONDS = challengeSeconds;
    }

    /// @inheritdoc IRollup
    function payBond() external payable {
        Poster storage poster = _posters[msg.sender];
        uint256 required = BOND - poster.bond;
        if (required == 0 || msg.value != required) revert WrongBond(msg.value, required);
        poster.bond = uint128(BOND);
        poster.leavingAt = 0;
        _owed += msg.value;
        emit BondPaid(msg.sender, msg.value);
    }

    /// @inheritdoc IRollup
    function announceLeaving() external {
        Poster storage poster = _posters[msg.sender];
        if (poster.bond == 0) revert BondMissing(msg.sender, 0, BOND);
        if (poster.leavingAt != 0) revert PosterIsLeaving(msg.sender);
        poster.leavingAt = uint64(block.timestamp);
        emit LeavingAnnounced(msg.sender, block.timestamp + CHALLENGE_SECONDS);
    }

    /// @inheritdoc IRollup
    function withdrawBond(address payable to) external {
        // Check
        Poster storage poster = _posters[msg.sender];
        uint256 bond = poster.bond;
        if (bond == 0) revert NothingToWithdraw(msg.sender);
        if (poster.leavingAt == 0) revert PosterIsNotLeaving(msg.sender);
        uint256 until = poster.leavingAt + CHALLENGE_SECONDS;
        if (block.timestamp < until) revert BondInUse(until);

        // Effect
        poster.bond = 0;
        poster.leavingAt = 0;
        _owed -= bond;
        emit BondWithdrawn(msg.sender, to, bond);

        // Interaction
        Address.sendValue(to, bond);
    }

    /// @inheritdoc IRollup
    function withdrawReward(address payable to) external {
        // Check
        uint256 amount = rewardOf[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);

        // Effect
        rewardOf[msg.sender] = 0;
        _owed -= amount;
        emit RewardWithdrawn(msg.sender, to, amount);

        // Interaction
        Address.sendValue(to, amount);
    }

    /// @inheritdoc IRollup
    function setSequencer(address sequencer, bool admitted) external restricted {
        _posters[sequencer].sequencer = admitted;
        emit SequencerSet(sequencer, admitted);
    }

    /// @inheritdoc IRollup
    function posterOf(address account) external view returns (Poster memory) {
        return _posters[account];
    }

    /// @dev Reverts unless the account has its whole bond and stays. Returns whether it may post at any time.
    function _requireBonded(address account) internal view returns (bool sequencer) {
        Poster storage poster = _posters[account];
        uint256 word;
        // One read of the slot: field by field it costs 300 gas more, for each batch.
        assembly ("memory-safe") {
            word := sload(poster.slot)
        }
        if (uint128(word) != BOND) revert BondMissing(account, uint128(word), BOND);
        if (uint64(word >> 128) != 0) revert PosterIsLeaving(account);
        return word >> 192 != 0;
    }

    /// @dev Takes what bond there is; half of it is the prover's.
    /// @return reward The prover's half.
    /// @return burned The other one, to be burned.
    function _takeBond(address account, address prover) internal returns (uint256 reward, uint256 burned) {
        Poster storage poster = _posters[account];
        uint256 bond = poster.bond;
        reward = bond / 2;
        burned = bond - reward;
        poster.bond = 0;
        rewardOf[prover] += reward;
        _owed -= burned;
    }
}
