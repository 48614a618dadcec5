// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IGateway} from "../crosschain/IGateway.sol";
import {CompactSignature} from "../crosschain/libraries/CompactSignature.sol";
import {Rotation} from "../crosschain/types/QCP.sol";
import {
    IValidatorRegistry,
    Offence,
    Operator,
    OperatorStatus,
    RegistryParams,
    SignerKey
} from "./IValidatorRegistry.sol";

/// @title ValidatorRegistry
/// @notice See `IValidatorRegistry` and the README of this folder.
contract ValidatorRegistry is IValidatorRegistry, AccessManaged, EIP712 {
    struct EpochRecord {
        uint64 validUntil;
        uint64 publishedAt;
        bytes32 setHash;
        address[] signers;
    }

    /// @notice Seats of a set, as the gateway has them.
    uint256 public constant MAX_OPERATORS = 21;
    /// @notice Seconds for which a published set is valid: the most that a gateway accepts.
    uint64 public constant VALIDITY_SECONDS = 7 days;
    /// @notice Seconds for which a deposit stays after its signatures stopped to count.
    uint64 public constant UNBONDING_SECONDS = 15 days;
    /// @notice Longest endpoint.
    uint256 public constant MAX_ENDPOINT_BYTES = 256;
    /// @dev `until` of a key that the latest set holds.
    uint64 private constant STILL = type(uint64).max;
    bytes32 private constant CLAIM_TYPEHASH = keccak256("SignerClaim(address operator,address signer)");

    /// @inheritdoc IValidatorRegistry
    IGateway public immutable GATEWAY;
    /// @inheritdoc IValidatorRegistry
    uint256 public immutable DEPOSIT;
    /// @inheritdoc IValidatorRegistry
    uint64 public immutable RENEW_AFTER;
    /// @notice Least seconds between two publications: the gateway's rotation delay.
    uint64 public immutable MIN_INTERVAL;

    /// @inheritdoc IValidatorRegistry
    address public treasury;
    /// @inheritdoc IValidatorRegistry
    uint64 public latestEpoch;
    /// @inheritdoc IValidatorRegistry
    bool public pauseDue;
    /// @inheritdoc IValidatorRegistry
    uint256 public totalDeposits;
    /// @inheritdoc IValidatorRegistry
    uint256 public unswept;
    /// @inheritdoc IValidatorRegistry
    mapping(address account => bool) public isGenesisOperator;

    address[] private _accounts;
    mapping(address account => Operator) private _operators;
    mapping(address signer => SignerKey) private _keys;
    mapping(uint64 epoch => EpochRecord) private _epochs;

    constructor(
        address authority,
        IGateway gateway,
        RegistryParams memory params
    ) AccessManaged(authority) EIP712("ValidatorRegistry", "1") {
        // Check
        if (authority.code.length == 0) revert NotAContract(authority);
        if (address(gateway).code.length == 0) revert NotAContract(address(gateway));
        if (params.deposit == 0) revert ZeroDeposit();
        uint64 interval = gateway.ROTATION_DELAY();
        if (params.renewAfter < interval || params.renewAfter >= VALIDITY_SECONDS) {
            revert RenewalOutOfRange(params.renewAfter, interval, VALIDITY_SECONDS - 1);
        }
        uint256 count = params.genesisOperators.length;
        uint256 min = gateway.MIN_SIGNERS();
        if (count < min || count > MAX_OPERATORS) revert OperatorCountOutOfRange(count, min, MAX_OPERATORS);

        // Effect
        GATEWAY = gateway;
        DEPOSIT = params.deposit;
        RENEW_AFTER = params.renewAfter;
        MIN_INTERVAL = interval;
        for (uint256 i = 0; i < count; ++i) {
            address account = params.genesisOperators[i];
            if (account == address(0) || isGenesisOperator[account]) revert InvalidGenesisOperator(i, account);
            isGenesisOperator[account] = true;
        }
        _setTreasury(params.treasury);
    }

    /// @inheritdoc IValidatorRegistry
    function register(address signer, address payout, string calldata endpoint, bytes calldata proof) external payable {
        // Check
        if (!isGenesisOperator[msg.sender]) revert NotGenesisOperator(msg.sender);
        Operator storage operator = _operators[msg.sender];
        _requireStatus(operator, OperatorStatus.None);
        if (msg.value != DEPOSIT) revert WrongDeposit(msg.value, DEPOSIT);

        // Effect
        operator.status = OperatorStatus.Active;
        operator.deposit = msg.value;
        totalDeposits += msg.value;
        _accounts.push(msg.sender);
        emit OperatorRegistered(msg.sender, msg.value);
        _setSigner(operator, signer, proof);
        _setPayout(operator, payout);
        _setEndpoint(operator, endpoint);
    }

    /// @inheritdoc IValidatorRegistry
    function setSigner(address signer, bytes calldata proof) external {
        _setSigner(_activeCaller(), signer, proof);
    }

    /// @inheritdoc IValidatorRegistry
    function setPayout(address payout) external {
        _setPayout(_activeCaller(), payout);
    }

    /// @inheritdoc IValidatorRegistry
    function setEndpoint(string calldata endpoint) external {
        _setEndpoint(_activeCaller(), endpoint);
    }

    /// @inheritdoc IValidatorRegistry
    function exit() external {
        Operator storage operator = _activeCaller();
        operator.status = OperatorStatus.Exiting;
        operator.exitedAt = uint64(block.timestamp);
        emit OperatorExited(msg.sender);
    }

    /// @inheritdoc IValidatorRegistry
    function withdraw(address to) external {
        // Check
        Operator storage operator = _operators[msg.sender];
        _requireStatus(operator, OperatorStatus.Exiting);
        uint256 earliest = _withdrawableAt(operator);
        if (block.timestamp < earliest) revert StillBonded(block.timestamp, earliest);
        if (to == address(0)) revert ZeroReceiver();

        // Effect
        uint256 amount = operator.deposit;
        operator.status = OperatorStatus.Withdrawn;
        operator.deposit = 0;
        totalDeposits -= amount;
        emit DepositWithdrawn(msg.sender, to, amount);

        // Interaction
        Address.sendValue(payable(to), amount);
    }

    /// @inheritdoc IValidatorRegistry
    function publishEpoch() external returns (uint64 epoch) {
        // Check
        address[] memory signers = activeSigners();
        bytes32 setHash = keccak256(abi.encodePacked(signers));
        uint256 earliest = _publishableFrom(setHash);
        if (block.timestamp < earliest) revert PublishedTooEarly(block.timestamp, earliest);
        uint256 min = GATEWAY.MIN_SIGNERS();
        if (signers.length < min) revert TooFewOperators(signers.length, min);

        // Effect
        epoch = GATEWAY.currentEpoch() + 1;
        uint64 validUntil = uint64(block.timestamp) + VALIDITY_SECONDS;
        _retireKeys(latestEpoch);
        _seatKeys(signers, epoch, validUntil);
        latestEpoch = epoch;
        _epochs[epoch] = EpochRecord(validUntil, uint64(block.timestamp), setHash, signers);
        emit EpochPublished(epoch, validUntil, setHash, signers);

        // Interaction
        GATEWAY.setEpoch(Rotation(epoch, validUntil, signers));
    }

    /// @inheritdoc IValidatorRegistry
    function slash(address signer, Offence offence, bytes32 evidence) external restricted {
        _slash(signer, offence, evidence);
    }

    /// @inheritdoc IValidatorRegistry
    function pauseLanes() external {
        if (!pauseDue) revert NoPauseDue();
        pauseDue = false;
        emit PauseDone();
        GATEWAY.pauseAll();
    }

    /// @inheritdoc IValidatorRegistry
    function sweepSlashed() external {
        uint256 amount = unswept;
        if (amount == 0) revert NothingToSweep();
        unswept = 0;
        emit SlashedSwept(treasury, amount);
        Address.sendValue(payable(treasury), amount);
    }

    /// @inheritdoc IValidatorRegistry
    function setTreasury(address newTreasury) external restricted {
        _setTreasury(newTreasury);
    }

    /// @inheritdoc IValidatorRegistry
    function operatorOf(address account) external view returns (Operator memory) {
        return _operators[account];
    }

    /// @inheritdoc IValidatorRegistry
    function keyOf(address signer) external view returns (SignerKey memory) {
        return _keys[signer];
    }

    /// @inheritdoc IValidatorRegistry
    function operators() external view returns (address[] memory) {
        return _accounts;
    }

    /// @inheritdoc IValidatorRegistry
    function activeSigners() public view returns (address[] memory signers) {
        signers = new address[](_accounts.length);
        uint256 count = 0;
        for (uint256 i = 0; i < signers.length; ++i) {
            Operator storage operator = _operators[_accounts[i]];
            if (operator.status == OperatorStatus.Active) signers[count++] = operator.signer;
        }
        assembly ("memory-safe") {
            mstore(signers, count)
        }
        Arrays.sort(signers);
    }

    /// @inheritdoc IValidatorRegistry
    function epochRecord(uint64 epoch) external view returns (uint64 validUntil, address[] memory signers) {
        EpochRecord storage record = _epochs[epoch];
        return (record.validUntil, record.signers);
    }

    /// @inheritdoc IValidatorRegistry
    function publishableFrom() external view returns (uint256) {
        return _publishableFrom(keccak256(abi.encodePacked(activeSigners())));
    }

    /// @inheritdoc IValidatorRegistry
    function withdrawableAt(address account) external view returns (uint256) {
        Operator storage operator = _operators[account];
        return operator.status == OperatorStatus.Exiting ? _withdrawableAt(operator) : 0;
    }

    /// @inheritdoc IValidatorRegistry
    function signerClaimDigest(address operator, address signer) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLAIM_TYPEHASH, operator, signer)));
    }

    function _setSigner(Operator storage operator, address signer, bytes calldata proof) private {
        if (signer == address(0)) revert ZeroSigner();
        SignerKey storage key = _keys[signer];
        if (key.operator != address(0)) revert SignerTaken(signer, key.operator);
        address recovered = CompactSignature.recover(signerClaimDigest(msg.sender, signer), proof);
        if (recovered != signer) revert NotSignedBySigner(recovered, signer);
        key.operator = msg.sender;
        operator.signer = signer;
        emit SignerSet(msg.sender, signer);
    }

    function _setPayout(Operator storage operator, address payout) private {
        if (payout == address(0)) revert ZeroPayout();
        operator.payout = payout;
        emit PayoutSet(msg.sender, payout);
    }

    function _setEndpoint(Operator storage operator, string calldata endpoint) private {
        uint256 length = bytes(endpoint).length;
        if (length == 0 || length > MAX_ENDPOINT_BYTES) {
            revert EndpointLengthOutOfRange(length, 1, MAX_ENDPOINT_BYTES);
        }
        operator.endpoint = endpoint;
        emit EndpointSet(msg.sender, endpoint);
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury == address(0)) revert ZeroTreasury();
        treasury = newTreasury;
        emit TreasurySet(newTreasury);
    }

    /// @dev Ends the keys of a set that the next one does not hold, and the duty of their operators with them.
    function _retireKeys(uint64 epoch) private {
        address[] storage signers = _epochs[epoch].signers;
        for (uint256 i = 0; i < signers.length; ++i) {
            SignerKey storage key = _keys[signers[i]];
            Operator storage operator = _operators[key.operator];
            if (operator.status == OperatorStatus.Active && operator.signer == signers[i]) continue;
            key.until = epoch;
            // A set that has expired ended its members' duty already.
            if (operator.dutyUntil > block.timestamp) operator.dutyUntil = uint64(block.timestamp);
        }
    }

    function _seatKeys(address[] memory signers, uint64 epoch, uint64 validUntil) private {
        for (uint256 i = 0; i < signers.length; ++i) {
            SignerKey storage key = _keys[signers[i]];
            if (key.since == 0) (key.since, key.until) = (epoch, STILL);
            _operators[key.operator].dutyUntil = validUntil;
        }
    }

    function _slash(address signer, Offence offence, bytes32 evidence) private {
        // Check
        address account = _keys[signer].operator;
        Operator storage operator = _operators[account];
        if (operator.status != OperatorStatus.Active && operator.status != OperatorStatus.Exiting) {
            revert NotSlashable(account, operator.status);
        }

        // Effect
        uint256 amount = operator.deposit;
        operator.status = OperatorStatus.Slashed;
        operator.deposit = 0;
        totalDeposits -= amount;
        unswept += amount;
        emit OperatorSlashed(account, signer, offence, evidence, amount);

        // Interaction
        _pauseIfThirdSlashed(account);
    }

    /// @dev Only a slash in the latest set pauses: one elsewhere must not undo that the timelock resumed the lanes.
    function _pauseIfThirdSlashed(address account) private {
        (uint256 slashed, uint256 size, bool seated) = _slashedInLatest(account);
        if (!seated || 3 * slashed < size) return;
        pauseDue = true;
        emit PauseDue(latestEpoch, slashed, size);
        // A pause that fails, be it for want of gas that the caller kept back, must not save the deposit: it stays due.
        try GATEWAY.pauseAll() {
            pauseDue = false;
            emit PauseDone();
        } catch {}
    }

    function _activeCaller() private view returns (Operator storage operator) {
        operator = _operators[msg.sender];
        _requireStatus(operator, OperatorStatus.Active);
    }

    function _requireStatus(Operator storage operator, OperatorStatus expected) private view {
        if (operator.status != expected) revert WrongOperatorStatus(msg.sender, operator.status, expected);
    }

    function _publishableFrom(bytes32 setHash) private view returns (uint256) {
        uint64 latest = latestEpoch;
        (uint256 slashed, , ) = _slashedInLatest(address(0));
        if (latest == 0 || slashed != 0) return 0;
        EpochRecord storage record = _epochs[latest];
        bool unchanged = record.setHash == setHash && GATEWAY.currentEpoch() == latest;
        return uint256(record.publishedAt) + (unchanged ? RENEW_AFTER : MIN_INTERVAL);
    }

    /// @dev Slashed members of the latest set, its size, and whether `account` is one of those slashed.
    function _slashedInLatest(address account) private view returns (uint256 slashed, uint256 size, bool seated) {
        address[] storage signers = _epochs[latestEpoch].signers;
        size = signers.length;
        for (uint256 i = 0; i < size; ++i) {
            address member = _keys[signers[i]].operator;
            if (_operators[member].status != OperatorStatus.Slashed) continue;
            ++slashed;
            if (member == account) seated = true;
        }
    }

    function _withdrawableAt(Operator storage operator) private view returns (uint256) {
        return Math.max(operator.exitedAt, operator.dutyUntil) + UNBONDING_SECONDS;
    }
}
