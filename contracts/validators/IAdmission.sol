// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A candidate's standing question to the members.
/// @param expiresAt Unix seconds from which it is void; 0: never asked.
/// @param voters Who said yes, members or not by now.
struct Proposal {
    uint64 expiresAt;
    address[] voters;
}

/// @title Admission of validators by the votes of the present members
/// @notice A vote is a yes; a no is not voting. What counts is who is a member when the vote is executed.
/// Source: COS paper (admission by more than half).
interface IAdmission {
    event AdmissionProposed(address indexed candidate, uint64 expiresAt);
    event AdmissionVoted(address indexed candidate, address indexed voter);
    event AdmissionExecuted(address indexed candidate, uint256 votes, uint256 members);

    error AdmissionShareOutOfRange(uint256 bps, uint256 min, uint256 max);
    error VotingPeriodOutOfRange(uint256 duration, uint256 min, uint256 max);
    error NotAMember(address account);
    error NotACandidate(address account);
    error ProposalOpen(address candidate, uint256 timestamp, uint256 expiresAt);
    error ProposalExpired(address candidate, uint256 timestamp, uint256 expiresAt);
    error VotedAlready(address candidate, address voter);
    /// @dev `votes` of present members; more than `needed` are needed, in parts of 10,000.
    error TooFewVotes(address candidate, uint256 votesInBps, uint256 needed);

    /// @notice Asks the members again, as a candidate whose proposal has expired. Old votes are void.
    function propose() external;

    /// @notice Says yes to a candidate, as a member, once per proposal.
    function vote(address candidate) external;

    /// @notice Admits a candidate that more than `ADMISSION_BPS` of `max(members, 4)` present members said yes to. Anyone
    /// may call. A voter that is no member now does not count.
    function admit(address candidate) external;

    /// @notice Present members: admitted, and neither inactive, closed nor slashed.
    function members() external view returns (uint256);

    function proposalOf(address candidate) external view returns (Proposal memory);

    /// @notice Yes-voters that are members now.
    function presentVotes(address candidate) external view returns (uint256);

    // solhint-disable func-name-mixedcase
    /// @notice Share of the members that must be exceeded, in parts of 10,000.
    function ADMISSION_BPS() external view returns (uint256);

    /// @notice Seconds for which a proposal is open.
    function VOTING_SECONDS() external view returns (uint64);
}
