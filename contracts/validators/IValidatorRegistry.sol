// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGateway} from "../crosschain/IGateway.sol";

/// @notice What a registry is made with: `constructor(address authority, IGateway gateway, RegistryParams params)`.
/// @param deposit Wei that each operator puts down, exactly.
/// @param treasury Receives what is slashed.
/// @param renewAfter Seconds after which an unchanged set may be published again; at least the gateway's rotation delay,
/// less than 7 days.
/// @param genesisOperators Who may register: distinct, as many as the gateway's smallest set, at most 21.
struct RegistryParams {
    uint256 deposit;
    address treasury;
    uint64 renewAfter;
    address[] genesisOperators;
}

/// @notice Where an operator is on its way. There is none back.
/// - None: never registered.
/// - Active: its signer is in every set that is published.
/// - Exiting: in no further set; its deposit is still slashable.
/// - Withdrawn: its deposit is paid out.
/// - Slashed: its deposit is taken.
enum OperatorStatus {
    None,
    Active,
    Exiting,
    Withdrawn,
    Slashed
}

/// @notice An operator.
/// @param signer Key that the next published set holds for it.
/// @param exitedAt Unix seconds of its exit; 0 before.
/// @param dutyUntil Unix seconds at which the last published set that holds a key of it ends, or was replaced by one
/// that holds none; 0 if no set ever held one.
/// @param payout Where it is paid.
/// @param deposit Wei held for it.
/// @param endpoint URL at which it answers with attestations.
struct Operator {
    OperatorStatus status;
    address signer;
    uint64 exitedAt;
    uint64 dutyUntil;
    address payout;
    uint256 deposit;
    string endpoint;
}

/// @notice A signing key. It belongs to one operator for good.
/// @param since First epoch whose set holds it; 0: none yet.
/// @param until Last such epoch; the largest uint64 while the latest set holds it. It is in every epoch published
/// between.
struct SignerKey {
    address operator;
    uint64 since;
    uint64 until;
}

/// @notice What was proven.
/// - Messages: equal `toSeq`, different `acc`.
/// - Results: equal `ackSeq`, different `resAcc`.
/// - Block: equal `sourceBlock`, different headers.
/// - Rotations: equal `epoch`, different rotations.
/// - FalseHead: a head of an outbox of this chain that it never had.
/// - FalseResult: results of an inbox of this chain that it never wrote.
/// - FalseRotation: an epoch other than the one of this chain.
enum Offence {
    Messages,
    Results,
    Block,
    Rotations,
    FalseHead,
    FalseResult,
    FalseRotation
}

/// @title The operators whose signers attest: their keys, their deposits, and the sets that are published of them
/// @notice On the chain of the deposits. Epoch numbers are the same on all chains: other gateways get a published epoch
/// by a signed rotation with the fields of `epochRecord`. Source: QOS paper (validators, deposit of 100 BNB).
interface IValidatorRegistry {
    /// @dev Followed by `SignerSet`, `PayoutSet` and `EndpointSet`.
    event OperatorRegistered(address indexed operator, uint256 deposit);
    event SignerSet(address indexed operator, address indexed signer);
    event PayoutSet(address indexed operator, address payout);
    event EndpointSet(address indexed operator, string endpoint);
    event OperatorExited(address indexed operator);
    event DepositWithdrawn(address indexed operator, address to, uint256 amount);
    event OperatorSlashed(
        address indexed operator,
        address indexed signer,
        Offence offence,
        bytes32 evidence,
        uint256 amount
    );
    event SlashedSwept(address treasury, uint256 amount);
    event TreasurySet(address treasury);
    /// @dev `setHash` = keccak256(abi.encodePacked(signers)).
    event EpochPublished(uint64 indexed epoch, uint64 validUntil, bytes32 setHash, address[] signers);
    /// @dev A third of the latest set is slashed: lanes must pause.
    event PauseDue(uint64 indexed epoch, uint256 slashed, uint256 setSize);
    event PauseDone();

    error NotAContract(address account);
    error ZeroDeposit();
    error ZeroTreasury();
    error RenewalOutOfRange(uint256 renewAfter, uint256 min, uint256 max);
    error OperatorCountOutOfRange(uint256 count, uint256 min, uint256 max);
    error InvalidGenesisOperator(uint256 index, address operator);

    error NotGenesisOperator(address caller);
    error WrongDeposit(uint256 value, uint256 deposit);
    error WrongOperatorStatus(address operator, OperatorStatus status, OperatorStatus expected);
    error SignerTaken(address signer, address operator);
    error NotSignedBySigner(address recovered, address signer);
    error ZeroSigner();
    error ZeroPayout();
    error EndpointLengthOutOfRange(uint256 length, uint256 min, uint256 max);
    error StillBonded(uint256 timestamp, uint256 withdrawableAt);
    error ZeroReceiver();
    error NothingToSweep();

    error PublishedTooEarly(uint256 timestamp, uint256 earliest);
    error TooFewOperators(uint256 active, uint256 min);
    error NoPauseDue();

    /// @dev Its deposit is gone already, or nobody registered the key.
    error NotSlashable(address operator, OperatorStatus status);

    /// @notice Registers the caller, a genesis operator, once, with exactly `DEPOSIT` wei.
    /// @param signer Signing key; never used here before. @param payout Not zero. @param endpoint 1 to 256 bytes.
    /// @param proof 64-byte EIP-2098 signature by `signer` of `signerClaimDigest(caller, signer)`.
    function register(address signer, address payout, string calldata endpoint, bytes calldata proof) external payable;

    /// @notice Replaces the caller's key from the next published epoch on. Parameters as in `register`.
    /// The caller answers for the old key's epochs as before: nobody can tell who held it when.
    function setSigner(address signer, bytes calldata proof) external;

    function setPayout(address payout) external;

    function setEndpoint(string calldata endpoint) external;

    /// @notice Leaves for good: no set published from now on holds the caller's key.
    function exit() external;

    /// @notice Pays the caller's deposit to `to`, from `withdrawableAt` on. No pause stops it.
    function withdraw(address to) external;

    /// @notice Installs the active operators' signers at the gateway as its next epoch, valid for 7 days. Anyone may
    /// call, from `publishableFrom` on; reverts below the gateway's smallest set.
    function publishEpoch() external returns (uint64 epoch);

    /// @notice Takes the whole deposit behind a key that was proven to have signed what nobody may sign. Only the
    /// contract that checks the proofs (AccessManager); reverts with NotSlashable where nothing is left to take.
    /// @param evidence Hash of what was proven, for whoever reads the event: see `ISlashing`.
    function slash(address signer, Offence offence, bytes32 evidence) external;

    /// @notice Pauses all lanes where a third of a set was slashed and the pause failed then. Anyone may call, until
    /// it is done once.
    function pauseLanes() external;

    /// @notice Pays what was slashed to the treasury. Anyone may call.
    function sweepSlashed() external;

    /// @notice Changes who receives what is slashed. Timelock only (AccessManager).
    function setTreasury(address treasury) external;

    /// @notice An operator; all zero if it never registered.
    function operatorOf(address account) external view returns (Operator memory);

    /// @notice A key; all zero if nobody registered it.
    function keyOf(address signer) external view returns (SignerKey memory);

    /// @notice All that ever registered, in that order.
    function operators() external view returns (address[] memory);

    function isGenesisOperator(address account) external view returns (bool);

    /// @notice Signers of the active operators, ascending: the set that `publishEpoch` would install.
    function activeSigners() external view returns (address[] memory);

    /// @notice Epoch that this registry published last; 0 before the first.
    function latestEpoch() external view returns (uint64);

    /// @notice An epoch as it was published, for good: the gateway shortens the validity of one that is replaced, these
    /// fields stay. Zero and empty for an epoch that this registry did not publish.
    function epochRecord(uint64 epoch) external view returns (uint64 validUntil, address[] memory signers);

    /// @notice Unix seconds from which `publishEpoch` is open: at once for the first epoch and where the latest set
    /// holds a slashed key; after the gateway's rotation delay if the set changed, or the gateway's current epoch is not
    /// this registry's; after `RENEW_AFTER` otherwise.
    function publishableFrom() external view returns (uint256);

    /// @notice Unix seconds from which an exiting operator may withdraw: 15 days after its exit, and after the last
    /// published set that holds its key is replaced or ends. 0 if it is not exiting. Falls when a set is replaced early.
    function withdrawableAt(address account) external view returns (uint256);

    /// @notice EIP-712 digest of `SignerClaim(address operator,address signer)`; domain name `ValidatorRegistry`,
    /// version `1`, chain id and address of this registry.
    function signerClaimDigest(address operator, address signer) external view returns (bytes32);

    /// @notice True while a pause that was due has not been done.
    function pauseDue() external view returns (bool);

    /// @notice Wei of all operators that are active or exiting.
    function totalDeposits() external view returns (uint256);

    /// @notice Wei slashed and not swept.
    function unswept() external view returns (uint256);

    function treasury() external view returns (address);

    // solhint-disable func-name-mixedcase
    /// @notice The gateway of this chain.
    function GATEWAY() external view returns (IGateway);

    /// @notice Wei that an operator puts down.
    function DEPOSIT() external view returns (uint256);

    /// @notice Seconds after which an unchanged set may be published again.
    function RENEW_AFTER() external view returns (uint64);
}
