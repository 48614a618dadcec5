// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGateway} from "../crosschain/IGateway.sol";
import {IAdmission} from "./IAdmission.sol";
import {ICoreNodes} from "./ICoreNodes.sol";
import {IDelegation} from "./IDelegation.sol";

/// @notice What a registry is made with: `constructor(address authority, IGateway gateway, RegistryParams params)`.
/// @param nodes Where the deposits are: the principals of core nodes.
/// @param delegation Where the bonds are.
/// @param renewAfter Seconds after which an unchanged set may be published again; at least the gateway's rotation delay,
/// less than 7 days.
/// @param votingSeconds For which a proposal of admission is open; 1 second to 90 days.
/// @param admissionBps Share of the members that an admission must exceed; 5,000 to 9,999 parts of 10,000.
struct RegistryParams {
    ICoreNodes nodes;
    IDelegation delegation;
    uint64 renewAfter;
    uint64 votingSeconds;
    uint16 admissionBps;
}

/// @notice Where an operator is.
/// - None: never registered.
/// - Candidate: asks for admission.
/// - Active: a member with a seat; its key is in every set that is published.
/// - Standby: a member without a seat.
/// - Inactive: no member; may return for 28,800 seconds. Its deposit and bond are slashable.
/// - Closed: gone for good; slashable until its deposit is paid out.
/// - Slashed: its deposit is taken, for good.
enum OperatorStatus {
    None,
    Candidate,
    Active,
    Standby,
    Inactive,
    Closed,
    Slashed
}

/// @notice Why an operator is inactive.
enum Absence {
    None,
    Revoked,
    Missed,
    Jailed
}

/// @notice What an operator registers with.
/// @param position Its running core node, which becomes its deposit.
/// @param signer Signing key; never used here before.
/// @param consent 64-byte EIP-2098 signature by `signer` of `signerClaimDigest(operator, signer)`.
/// @param payout Where it is paid; not zero.
/// @param endpoint URL at which it answers with attestations; 1 to 256 bytes.
/// @param maxCommissionBps The most that its commission can ever be. @param maxChangeBps The most that one change of it
/// can be. @param commissionBps Its commission: see `IDelegation.open`.
struct Registration {
    uint256 position;
    address signer;
    address payout;
    uint16 maxCommissionBps;
    uint16 maxChangeBps;
    uint16 commissionBps;
    string endpoint;
    bytes consent;
}

/// @notice An operator.
/// @param absence Why it is, or was last, inactive.
/// @param inactiveSince Unix seconds at which it became inactive last; 0: never.
/// @param signer Key that the next published set holds for it while it has a seat.
struct Operator {
    OperatorStatus status;
    Absence absence;
    uint64 inactiveSince;
    address signer;
    address payout;
    string endpoint;
}

/// @notice A signing key. It belongs to one operator for good.
/// @param since First epoch whose set could hold it: the one after the latest when it was seated first; 0: never seated.
struct SignerKey {
    address operator;
    uint64 since;
}

/// @notice What was proven.
/// - Messages: equal `toSeq`, different `acc`.
/// - Results: equal `ackSeq`, different `resAcc`.
/// - Block: equal `sourceBlock`, different headers.
/// - Rotations: equal `epoch`, different rotations.
/// - FalseHead: a head of an outbox of this chain that it never had.
/// - FalseResult: results of an inbox of this chain that it never wrote.
/// - FalseRotation: an epoch other than the one of this chain.
/// - FalseCertificate: a batch of the rollup that was proven false.
enum Offence {
    Messages,
    Results,
    Block,
    Rotations,
    FalseHead,
    FalseResult,
    FalseRotation,
    FalseCertificate
}

/// @title The validators: whose keys attest, what stands behind them, and the sets that are published of them
/// @notice On the chain of the deposits. An operator is the account of a core node's owner; a member is one that is
/// Active or Standby. Epoch numbers are the same on all chains: other gateways get a published epoch by a signed
/// rotation with the fields of `epochRecord`. Source: QOS paper (validators), COS paper (core nodes, admission).
interface IValidatorRegistry is IAdmission {
    /// @dev Followed by `SignerChanged`, `PayoutSet` and `EndpointSet`, and by `StatusSet` or `AdmissionProposed`.
    event OperatorRegistered(address indexed operator, uint256 position);
    event SignerChanged(address indexed operator, address indexed signer);
    event PayoutSet(address indexed operator, address payout);
    event EndpointSet(address indexed operator, string endpoint);
    event StatusSet(address indexed operator, OperatorStatus status, Absence absence);
    /// @dev `amount`: wei of its deposit, all of it. What its bond lost is the delegation's event.
    event OperatorSlashed(
        address indexed operator,
        address indexed signer,
        Offence offence,
        bytes32 evidence,
        uint256 amount
    );
    /// @dev `setHash` = keccak256(abi.encodePacked(signers)); the gateway's `EpochRotated`, next in the same transaction,
    /// has the signers.
    event EpochPublished(uint64 indexed epoch, uint64 validUntil, bytes32 setHash);
    /// @dev A third of the latest set is slashed: lanes must pause.
    event PauseDue(uint64 indexed epoch, uint256 slashed, uint256 setSize);
    event PauseDone();

    error NotAContract(address account);
    error RenewalOutOfRange(uint256 renewAfter, uint256 min, uint256 max);

    error WrongOperatorStatus(address operator, OperatorStatus status, OperatorStatus expected);
    error NotRegistered(address operator, OperatorStatus status);
    error SignerTaken(address signer, address operator);
    error NotSignedBySigner(address recovered, address signer);
    error ZeroSigner();
    error ZeroPayout();
    error EndpointLengthOutOfRange(uint256 length, uint256 min, uint256 max);
    error ReturnTooLate(uint256 timestamp, uint256 deadline);
    /// @dev It may return until then, or the latest set still holds its key.
    error CloseTooEarly(uint256 timestamp, uint256 earliest);
    /// @dev A tie keeps the incumbent.
    error NotOutranking(address operator, uint256 bond, uint256 weakest);

    error PublishedTooEarly(uint256 timestamp, uint256 earliest);
    error TooFewOperators(uint256 active, uint256 min);
    error NoPauseDue();

    /// @dev Its deposit is gone already, it never had one at stake, or nobody registered the key.
    error NotSlashable(address operator, OperatorStatus status);

    /// @notice Registers the caller, once, with its core node as deposit. A genesis operator is a member at once; anyone
    /// else is a candidate, and its proposal is open.
    function register(Registration calldata registration) external;

    /// @notice Replaces the caller's key from the next published epoch on; not after it is closed or slashed. Parameters
    /// as in `Registration`. The caller answers for the old key's epochs as before: nobody can tell who held it when.
    function setSigner(address signer, bytes calldata consent) external;

    /// @notice As `setSigner`, for the account that is paid.
    function setPayout(address payout) external;

    /// @notice As `setSigner`, for the endpoint.
    function setEndpoint(string calldata endpoint) external;

    /// @notice Leaves: a member becomes inactive, a candidate is closed at once.
    function revoke() external;

    /// @notice Returns from inactivity, for whatever reason it was, before `inactiveSince` + 28,800 s: to a seat if one is
    /// free, to standby else.
    function unjail() external;

    /// @notice Closes an operator that is inactive, from `closableAt` on, and starts the 15 days after which its deposit
    /// may leave. Anyone may call.
    function close(address operator) external;

    /// @notice Makes a member inactive at once, reversible by `unjail`. Guardian only (AccessManager).
    function jail(address operator) external;

    /// @notice Makes a member inactive that missed too many attestations, and takes 0.01 % of its bond; of an operator that
    /// is inactive already it takes as much. Only the contract that counts them (AccessManager).
    function jailMissing(address operator) external;

    /// @notice Gives a standby member a seat: a free one, or that of the incumbent with the least bond if the member's is
    /// greater. Anyone may call.
    function takeSeat(address operator) external;

    /// @notice Installs the seated members' signers at the gateway as its next epoch, valid for 7 days. Anyone may call,
    /// from `publishableFrom` on; reverts below the gateway's smallest set.
    function publishEpoch() external returns (uint64 epoch);

    /// @notice Takes the whole deposit and 20 % of the bond behind a key that was proven to have signed what nobody may
    /// sign. Only the contract that checks the proofs (AccessManager); reverts with NotSlashable where nothing is left.
    /// @param evidence Hash of what was proven, for whoever reads the event: see `ISlashing`.
    function slash(address signer, Offence offence, bytes32 evidence) external;

    /// @notice Pauses all lanes where a third of a set was slashed and the pause failed then. Anyone may call, until
    /// it is done once.
    function pauseLanes() external;

    /// @notice An operator; all zero if it never registered.
    function operatorOf(address account) external view returns (Operator memory);

    /// @notice A key; all zero if nobody registered it.
    function keyOf(address signer) external view returns (SignerKey memory);

    /// @notice All that ever registered, in that order.
    function operators() external view returns (address[] memory);

    /// @notice The members with a seat, in the order of their signers.
    function activeOperators() external view returns (address[] memory);

    /// @notice Signers of the members with a seat, ascending: the set that `publishEpoch` would install.
    function activeSigners() external view returns (address[] memory);

    /// @notice The standby member whose turn it is: the one with the greatest bond if a seat is free or if it outranks the
    /// weakest incumbent; zero if nobody does. It reads every operator: for callers off chain.
    function nextToSeat() external view returns (address operator);

    /// @notice Epoch that this registry published last; 0 before the first.
    function latestEpoch() external view returns (uint64);

    /// @notice An epoch as it was published, for good: the gateway shortens the validity of one that is replaced, these
    /// fields stay. Zero and empty for an epoch that this registry did not publish.
    function epochRecord(uint64 epoch) external view returns (uint64 validUntil, address[] memory signers);

    /// @notice Unix seconds from which `publishEpoch` is open: at once for the first epoch and where the latest set
    /// holds a slashed key; after the gateway's rotation delay if a seat changed, or the gateway's current epoch is not
    /// this registry's; after `RENEW_AFTER` otherwise.
    function publishableFrom() external view returns (uint256);

    /// @notice Unix seconds from which an inactive operator may be closed: 28,800 after it became so, and not while the
    /// latest set holds its key and is valid. 0 if it is not inactive. Falls when that set is replaced.
    function closableAt(address operator) external view returns (uint256);

    /// @notice EIP-712 digest of `SignerClaim(address operator,address signer)`; domain name `ValidatorRegistry`,
    /// version `1`, chain id and address of this registry.
    function signerClaimDigest(address operator, address signer) external view returns (bytes32);

    /// @notice True while a pause that was due has not been done.
    function pauseDue() external view returns (bool);

    // solhint-disable func-name-mixedcase
    /// @notice The gateway of this chain.
    function GATEWAY() external view returns (IGateway);

    /// @notice Where the deposits are.
    function NODES() external view returns (ICoreNodes);

    /// @notice Where the bonds are.
    function DELEGATION() external view returns (IDelegation);

    /// @notice Seconds after which an unchanged set may be published again.
    function RENEW_AFTER() external view returns (uint64);
}
