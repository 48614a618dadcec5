// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAdmission, Proposal} from "./IAdmission.sol";

/// @title Admission: proposals and votes; who is a candidate or a member is the registry's
abstract contract Admission is IAdmission {
    uint256 private constant BPS = 10_000;
    /// @dev No fewer than half may admit, and unanimity is the most that can be asked for.
    uint256 private constant MIN_ADMISSION_BPS = 5_000;
    uint256 private constant MAX_ADMISSION_BPS = 9_999;
    uint64 private constant MAX_VOTING_SECONDS = 90 days;
    /// @notice A vote is counted as if there were at least so many members.
    uint256 public constant MIN_ELECTORATE = 4;

    /// @inheritdoc IAdmission
    uint256 public immutable ADMISSION_BPS;
    /// @inheritdoc IAdmission
    uint64 public immutable VOTING_SECONDS;

    /// @inheritdoc IAdmission
    uint256 public members;

    mapping(address candidate => Proposal) private _proposals;
    /// @dev The proposal, by its end, in which a voter spoke last. A later one of the same candidate ends later.
    mapping(address candidate => mapping(address voter => uint64 expiresAt)) private _votedIn;

    constructor(uint256 admissionBps, uint64 votingSeconds) {
        if (admissionBps < MIN_ADMISSION_BPS || admissionBps > MAX_ADMISSION_BPS) {
            revert AdmissionShareOutOfRange(admissionBps, MIN_ADMISSION_BPS, MAX_ADMISSION_BPS);
        }
        if (votingSeconds == 0 || votingSeconds > MAX_VOTING_SECONDS) {
            revert VotingPeriodOutOfRange(votingSeconds, 1, MAX_VOTING_SECONDS);
        }
        ADMISSION_BPS = admissionBps;
        VOTING_SECONDS = votingSeconds;
    }

    /// @inheritdoc IAdmission
    function propose() external {
        _requireCandidate(msg.sender);
        uint64 expiresAt = _proposals[msg.sender].expiresAt;
        if (block.timestamp < expiresAt) revert ProposalOpen(msg.sender, block.timestamp, expiresAt);
        _open(msg.sender);
    }

    /// @inheritdoc IAdmission
    function vote(address candidate) external {
        // Check
        if (!_isMember(msg.sender)) revert NotAMember(msg.sender);
        Proposal storage proposal = _openProposal(candidate);
        uint64 expiresAt = proposal.expiresAt;
        if (_votedIn[candidate][msg.sender] == expiresAt) revert VotedAlready(candidate, msg.sender);

        // Effect
        _votedIn[candidate][msg.sender] = expiresAt;
        proposal.voters.push(msg.sender);
        emit AdmissionVoted(candidate, msg.sender);
    }

    /// @inheritdoc IAdmission
    function admit(address candidate) external {
        // Check
        _openProposal(candidate);
        uint256 votes = presentVotes(candidate);
        uint256 needed = ADMISSION_BPS * Math.max(members, MIN_ELECTORATE);
        if (votes * BPS <= needed) revert TooFewVotes(candidate, votes * BPS, needed);

        // Effect
        emit AdmissionExecuted(candidate, votes, members);
        _enter(candidate);
    }

    /// @inheritdoc IAdmission
    function proposalOf(address candidate) external view returns (Proposal memory) {
        return _proposals[candidate];
    }

    /// @inheritdoc IAdmission
    function presentVotes(address candidate) public view returns (uint256 votes) {
        address[] storage voters = _proposals[candidate].voters;
        uint256 length = voters.length;
        for (uint256 i = 0; i < length; ++i) {
            if (_isMember(voters[i])) ++votes;
        }
    }

    function _open(address candidate) internal {
        uint64 expiresAt = uint64(block.timestamp) + VOTING_SECONDS;
        Proposal storage proposal = _proposals[candidate];
        proposal.expiresAt = expiresAt;
        delete proposal.voters;
        emit AdmissionProposed(candidate, expiresAt);
    }

    /// @dev Makes a candidate a member.
    function _enter(address candidate) internal virtual;

    function _isMember(address account) internal view virtual returns (bool);

    function _isCandidate(address account) internal view virtual returns (bool);

    function _openProposal(address candidate) private view returns (Proposal storage proposal) {
        _requireCandidate(candidate);
        proposal = _proposals[candidate];
        uint64 expiresAt = proposal.expiresAt;
        if (block.timestamp >= expiresAt) revert ProposalExpired(candidate, block.timestamp, expiresAt);
    }

    function _requireCandidate(address account) private view {
        if (!_isCandidate(account)) revert NotACandidate(account);
    }
}
