// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IGateway} from "../crosschain/IGateway.sol";
import {CompactSignature} from "../crosschain/libraries/CompactSignature.sol";
import {SignerSet} from "../crosschain/libraries/SignerSet.sol";
import {Rotation} from "../crosschain/types/QCP.sol";
import {Admission} from "./Admission.sol";
import {ICoreNodes} from "./ICoreNodes.sol";
import {IDelegation} from "./IDelegation.sol";
import {
    Absence,
    IValidatorRegistry,
    Offence,
    Operator,
    OperatorStatus,
    Registration,
    RegistryParams,
    SignerKey
} from "./IValidatorRegistry.sol";

/// @title ValidatorRegistry
/// @notice See `IValidatorRegistry` and the README of this folder.
contract ValidatorRegistry is IValidatorRegistry, Admission, AccessManaged, EIP712 {
    using SignerSet for bytes;

    /// @dev `slashed`: members of the latest set that were slashed. `changed`: its seats are not what they were.
    struct Latest {
        uint64 epoch;
        uint64 publishedAt;
        uint8 slashed;
        bool changed;
        bool pauseDue;
    }

    /// @notice Seats of a set, as the gateway has them.
    uint256 public constant MAX_SEATS = 21;
    /// @notice Seconds for which a published set is valid: the most that a gateway accepts.
    uint64 public constant VALIDITY_SECONDS = 7 days;
    /// @notice Seconds for which an inactive operator may return.
    uint64 public constant RETURN_SECONDS = 28_800;
    /// @notice Share of the bond that a proven false signature costs.
    uint256 public constant OFFENCE_BPS = 2_000;
    /// @notice Share of the bond that missing too many attestations costs.
    uint256 public constant MISSED_BPS = 1;
    /// @notice Longest endpoint.
    uint256 public constant MAX_ENDPOINT_BYTES = 256;
    bytes32 private constant CLAIM_TYPEHASH = keccak256("SignerClaim(address operator,address signer)");

    /// @inheritdoc IValidatorRegistry
    IGateway public immutable GATEWAY;
    /// @inheritdoc IValidatorRegistry
    ICoreNodes public immutable NODES;
    /// @inheritdoc IValidatorRegistry
    IDelegation public immutable DELEGATION;
    /// @inheritdoc IValidatorRegistry
    uint64 public immutable RENEW_AFTER;
    /// @notice Least seconds between two publications: the gateway's rotation delay.
    uint64 public immutable MIN_INTERVAL;
    /// @notice Fewest seats that can be published: the gateway's smallest set.
    uint256 public immutable MIN_SEATS;

    Latest private _latest;
    /// @dev The seated signers, ascending, as code: it is read whole at every publication.
    address private _seats;
    address[] private _accounts;
    mapping(address account => Operator) private _operators;
    mapping(address signer => SignerKey) private _keys;
    /// @dev 0: not published here. The gateway keeps the set of every epoch.
    mapping(uint64 epoch => uint64) private _validUntil;

    constructor(
        address authority,
        IGateway gateway,
        RegistryParams memory params
    ) AccessManaged(authority) Admission(params.admissionBps, params.votingSeconds) EIP712("ValidatorRegistry", "1") {
        _requireContract(authority);
        _requireContract(address(gateway));
        _requireContract(address(params.nodes));
        _requireContract(address(params.delegation));
        uint64 interval = gateway.ROTATION_DELAY();
        if (params.renewAfter < interval || params.renewAfter >= VALIDITY_SECONDS) {
            revert RenewalOutOfRange(params.renewAfter, interval, VALIDITY_SECONDS - 1);
        }
        GATEWAY = gateway;
        NODES = params.nodes;
        DELEGATION = params.delegation;
        RENEW_AFTER = params.renewAfter;
        MIN_INTERVAL = interval;
        MIN_SEATS = gateway.MIN_SIGNERS();
    }

    /// @inheritdoc IValidatorRegistry
    function register(Registration calldata registration) external {
        // Check
        _requireStatus(msg.sender, OperatorStatus.None);

        // Effect
        _accounts.push(msg.sender);
        _operators[msg.sender].status = OperatorStatus.Candidate;
        emit OperatorRegistered(msg.sender, registration.position);
        _setSigner(registration.signer, registration.consent);
        _setPayout(registration.payout);
        _setEndpoint(registration.endpoint);
        if (NODES.isGenesisOperator(msg.sender)) _enter(msg.sender);
        else _open(msg.sender);

        // Interaction
        NODES.bind(msg.sender, registration.position);
        DELEGATION.open(
            msg.sender,
            registration.maxCommissionBps,
            registration.maxChangeBps,
            registration.commissionBps
        );
    }

    /// @inheritdoc IValidatorRegistry
    function setSigner(address signer, bytes calldata consent) external {
        _requirePresent(msg.sender);
        _setSigner(signer, consent);
    }

    /// @inheritdoc IValidatorRegistry
    function setPayout(address payout) external {
        _requirePresent(msg.sender);
        _setPayout(payout);
    }

    /// @inheritdoc IValidatorRegistry
    function setEndpoint(string calldata endpoint) external {
        _requirePresent(msg.sender);
        _setEndpoint(endpoint);
    }

    /// @inheritdoc IValidatorRegistry
    function revoke() external {
        if (_operators[msg.sender].status == OperatorStatus.Candidate) _close(msg.sender);
        else _deactivate(msg.sender, Absence.Revoked);
    }

    /// @inheritdoc IValidatorRegistry
    function unjail() external {
        _requireStatus(msg.sender, OperatorStatus.Inactive);
        uint256 deadline = _operators[msg.sender].inactiveSince + RETURN_SECONDS;
        if (block.timestamp >= deadline) revert ReturnTooLate(block.timestamp, deadline);
        _enter(msg.sender);
    }

    /// @inheritdoc IValidatorRegistry
    function close(address operator) external {
        _requireStatus(operator, OperatorStatus.Inactive);
        uint256 earliest = closableAt(operator);
        if (block.timestamp < earliest) revert CloseTooEarly(block.timestamp, earliest);
        _close(operator);
    }

    /// @inheritdoc IValidatorRegistry
    function jail(address operator) external restricted {
        _deactivate(operator, Absence.Jailed);
    }

    /// @inheritdoc IValidatorRegistry
    function jailMissing(address operator) external restricted {
        // Who leaves just before it is counted loses no less than who stays.
        if (_operators[operator].status != OperatorStatus.Inactive) _deactivate(operator, Absence.Missed);
        DELEGATION.slash(operator, MISSED_BPS);
    }

    /// @inheritdoc IValidatorRegistry
    function takeSeat(address operator) external {
        // Check
        _requireStatus(operator, OperatorStatus.Standby);
        address weakest;
        if (_seated() == MAX_SEATS) {
            uint256 least;
            (weakest, least) = _weakestSeated();
            uint256 bond = DELEGATION.bondOf(operator);
            if (bond <= least) revert NotOutranking(operator, bond, least);
        }

        // Effect
        if (weakest != address(0)) _setStatus(weakest, OperatorStatus.Standby);
        _setStatus(operator, OperatorStatus.Active);
        _reseat(_operators[weakest].signer, _operators[operator].signer);
    }

    /// @inheritdoc IValidatorRegistry
    function publishEpoch() external returns (uint64 epoch) {
        // Check
        uint256 earliest = publishableFrom();
        if (block.timestamp < earliest) revert PublishedTooEarly(block.timestamp, earliest);
        address[] memory signers = activeSigners();
        if (signers.length < MIN_SEATS) revert TooFewOperators(signers.length, MIN_SEATS);

        // Effect
        epoch = GATEWAY.currentEpoch() + 1;
        uint64 validUntil = uint64(block.timestamp) + VALIDITY_SECONDS;
        _validUntil[epoch] = validUntil;
        _latest = Latest(epoch, uint64(block.timestamp), 0, false, _latest.pauseDue);
        emit EpochPublished(epoch, validUntil, keccak256(abi.encodePacked(signers)));

        // Interaction
        GATEWAY.setEpoch(Rotation(epoch, validUntil, signers));
    }

    /// @inheritdoc IValidatorRegistry
    function slash(address signer, Offence offence, bytes32 evidence) external restricted {
        // Check
        address account = _keys[signer].operator;
        OperatorStatus status = _operators[account].status;
        bool stands = status > OperatorStatus.Candidate && status < OperatorStatus.Slashed;
        (uint256 position, ) = NODES.bondOf(account);
        uint256 amount = stands ? NODES.principalOf(position) : 0;
        if (amount == 0) revert NotSlashable(account, status);

        // Effect
        if (_isMember(account)) _leave(account);
        _setStatus(account, OperatorStatus.Slashed);
        emit OperatorSlashed(account, signer, offence, evidence, amount);

        // Interaction
        NODES.slash(account);
        DELEGATION.slash(account, OFFENCE_BPS);
        DELEGATION.close(account);
        _pauseIfThirdSlashed(account);
    }

    /// @inheritdoc IValidatorRegistry
    function pauseLanes() external {
        if (!_latest.pauseDue) revert NoPauseDue();
        _latest.pauseDue = false;
        emit PauseDone();
        GATEWAY.pauseAll();
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
    function activeOperators() external view returns (address[] memory seated) {
        seated = activeSigners();
        for (uint256 i = 0; i < seated.length; ++i) {
            seated[i] = _keys[seated[i]].operator;
        }
    }

    /// @inheritdoc IValidatorRegistry
    function nextToSeat() external view returns (address operator) {
        bool free = _seated() < MAX_SEATS;
        uint256 greatest = 0;
        if (!free) (, greatest) = _weakestSeated();
        for (uint256 i = 0; i < _accounts.length; ++i) {
            if (_operators[_accounts[i]].status != OperatorStatus.Standby) continue;
            uint256 bond = DELEGATION.bondOf(_accounts[i]);
            if (bond > greatest || (free && operator == address(0))) (operator, greatest) = (_accounts[i], bond);
        }
    }

    /// @inheritdoc IValidatorRegistry
    function latestEpoch() external view returns (uint64) {
        return _latest.epoch;
    }

    /// @inheritdoc IValidatorRegistry
    function epochRecord(uint64 epoch) external view returns (uint64 validUntil, address[] memory signers) {
        validUntil = _validUntil[epoch];
        if (validUntil != 0) signers = GATEWAY.signersOf(epoch);
    }

    /// @inheritdoc IValidatorRegistry
    function activeSigners() public view returns (address[] memory signers) {
        bytes memory set = SignerSet.load(_seats);
        signers = new address[](set.count());
        for (uint256 i = 0; i < signers.length; ++i) {
            signers[i] = set.at(i);
        }
    }

    /// @inheritdoc IValidatorRegistry
    function publishableFrom() public view returns (uint256) {
        Latest memory latest = _latest;
        if (latest.epoch == 0 || latest.slashed != 0) return 0;
        bool unchanged = !latest.changed && GATEWAY.currentEpoch() == latest.epoch;
        return uint256(latest.publishedAt) + (unchanged ? RENEW_AFTER : MIN_INTERVAL);
    }

    /// @inheritdoc IValidatorRegistry
    function closableAt(address operator) public view returns (uint256) {
        if (_operators[operator].status != OperatorStatus.Inactive) return 0;
        (bool held, ) = _inLatest(operator);
        uint256 dutyUntil = held ? _validUntil[_latest.epoch] : 0;
        return Math.max(_operators[operator].inactiveSince + RETURN_SECONDS, dutyUntil);
    }

    /// @inheritdoc IValidatorRegistry
    function signerClaimDigest(address operator, address signer) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLAIM_TYPEHASH, operator, signer)));
    }

    /// @inheritdoc IValidatorRegistry
    function pauseDue() external view returns (bool) {
        return _latest.pauseDue;
    }

    /// @dev To a seat if one is free, else to standby.
    function _enter(address operator) internal override {
        ++members;
        bool free = _seated() < MAX_SEATS;
        _setStatus(operator, free ? OperatorStatus.Active : OperatorStatus.Standby);
        if (free) _reseat(address(0), _operators[operator].signer);
    }

    function _isMember(address account) internal view override returns (bool) {
        OperatorStatus status = _operators[account].status;
        return status == OperatorStatus.Active || status == OperatorStatus.Standby;
    }

    function _isCandidate(address account) internal view override returns (bool) {
        return _operators[account].status == OperatorStatus.Candidate;
    }

    function _setSigner(address signer, bytes calldata consent) private {
        if (signer == address(0)) revert ZeroSigner();
        SignerKey storage key = _keys[signer];
        if (key.operator != address(0)) revert SignerTaken(signer, key.operator);
        address recovered = CompactSignature.recover(signerClaimDigest(msg.sender, signer), consent);
        if (recovered != signer) revert NotSignedBySigner(recovered, signer);
        key.operator = msg.sender;
        Operator storage operator = _operators[msg.sender];
        if (operator.status == OperatorStatus.Active) _reseat(operator.signer, signer);
        operator.signer = signer;
        emit SignerChanged(msg.sender, signer);
    }

    function _setPayout(address payout) private {
        if (payout == address(0)) revert ZeroPayout();
        _operators[msg.sender].payout = payout;
        emit PayoutSet(msg.sender, payout);
    }

    function _setEndpoint(string calldata endpoint) private {
        uint256 length = bytes(endpoint).length;
        if (length == 0 || length > MAX_ENDPOINT_BYTES) {
            revert EndpointLengthOutOfRange(length, 1, MAX_ENDPOINT_BYTES);
        }
        _operators[msg.sender].endpoint = endpoint;
        emit EndpointSet(msg.sender, endpoint);
    }

    function _setStatus(address account, OperatorStatus status) private {
        Operator storage operator = _operators[account];
        operator.status = status;
        emit StatusSet(account, status, operator.absence);
    }

    /// @dev Out of the members, and of its seat; the caller sets the status after.
    function _leave(address account) private {
        --members;
        Operator storage operator = _operators[account];
        if (operator.status == OperatorStatus.Active) _reseat(operator.signer, address(0));
    }

    /// @dev Takes `leaving` out of the seats and `entering` in; zero for none.
    function _reseat(address leaving, address entering) private {
        if (entering != address(0) && _keys[entering].since == 0) _keys[entering].since = _latest.epoch + 1;
        address[] memory before = activeSigners();
        uint256 length = before.length;
        if (leaving != address(0)) --length;
        if (entering != address(0)) ++length;
        address[] memory signers = new address[](length);
        uint256 next = 0;
        for (uint256 i = 0; i < before.length; ++i) {
            if (before[i] == leaving) continue;
            if (entering != address(0) && entering < before[i]) {
                signers[next++] = entering;
                entering = address(0);
            }
            signers[next++] = before[i];
        }
        if (entering != address(0)) signers[next] = entering;
        _seats = SignerSet.store(signers);
        _latest.changed = true;
    }

    function _deactivate(address account, Absence absence) private {
        if (!_isMember(account)) revert NotAMember(account);
        _leave(account);
        Operator storage operator = _operators[account];
        operator.absence = absence;
        operator.inactiveSince = uint64(block.timestamp);
        _setStatus(account, OperatorStatus.Inactive);
    }

    function _close(address operator) private {
        _setStatus(operator, OperatorStatus.Closed);
        NODES.unbind(operator);
        DELEGATION.close(operator);
    }

    /// @dev Only a slash in the latest set pauses: one elsewhere must not undo that the timelock resumed the lanes.
    function _pauseIfThirdSlashed(address account) private {
        (bool held, uint256 size) = _inLatest(account);
        if (!held) return;
        uint256 slashed = ++_latest.slashed;
        if (3 * slashed < size) return;
        _latest.pauseDue = true;
        emit PauseDue(_latest.epoch, slashed, size);
        // A pause that fails, be it for want of gas that the caller kept back, must not save the deposit: it stays due.
        try GATEWAY.pauseAll() {
            _latest.pauseDue = false;
            emit PauseDone();
        } catch {}
    }

    /// @dev Whether the latest set holds a key of `account`, and its size.
    function _inLatest(address account) private view returns (bool held, uint256 size) {
        address[] memory signers = GATEWAY.signersOf(_latest.epoch);
        size = signers.length;
        for (uint256 i = 0; i < size && !held; ++i) {
            held = _keys[signers[i]].operator == account;
        }
    }

    function _seated() private view returns (uint256) {
        return SignerSet.load(_seats).count();
    }

    /// @dev The incumbent with the least bond; among equals the one with the highest key.
    function _weakestSeated() private view returns (address weakest, uint256 least) {
        least = type(uint256).max;
        address[] memory signers = activeSigners();
        for (uint256 i = 0; i < signers.length; ++i) {
            address operator = _keys[signers[i]].operator;
            uint256 bond = DELEGATION.bondOf(operator);
            if (bond <= least) (weakest, least) = (operator, bond);
        }
    }

    function _requirePresent(address account) private view {
        OperatorStatus status = _operators[account].status;
        if (status == OperatorStatus.None || status >= OperatorStatus.Closed) revert NotRegistered(account, status);
    }

    function _requireStatus(address account, OperatorStatus expected) private view {
        OperatorStatus status = _operators[account].status;
        if (status != expected) revert WrongOperatorStatus(account, status, expected);
    }

    function _requireContract(address account) private view {
        if (account.code.length == 0) revert NotAContract(account);
    }
}
