import type { Mutant } from "./operators";

/** A wrong edit that no rule makes: the text `before`, which the source has once, becomes `after`. */
type HandMade = readonly [before: string, after: string];

/** What a person might get wrong: whose, which term's, which sum, which of two words, twice. */
const HAND_MADE: Readonly<Record<string, readonly HandMade[]>> = {
  "staking/COSStaking.sol": [
    ["Math.mulDiv(amount, terms.multiplierBps, BPS)", "Math.mulDiv(amount, _terms[0].multiplierBps, BPS)"],
    ["return end + COOLDOWN_SECONDS;", "return stake.from + COOLDOWN_SECONDS;"],
    ["return end + COOLDOWN_SECONDS;", "return end + 7 hours;"],
    ["uint64(block.timestamp) + COOLDOWN_SECONDS", "uint64(stake.from) + COOLDOWN_SECONDS"],
    ["_transferVotingUnits(msg.sender, address(0), amount);", "_transferVotingUnits(msg.sender, to, amount);"],
    [
      "_transferVotingUnits(msg.sender, address(0), amount);",
      "_transferVotingUnits(msg.sender, address(0), amount); _transferVotingUnits(address(0), msg.sender, amount);",
    ],
    [
      "_transferVotingUnits(msg.sender, address(0), amount);",
      "_transferVotingUnits(msg.sender, address(0), _lots[position].weight);",
    ],
    ["_transferVotingUnits(address(0), msg.sender, amount);", "_transferVotingUnits(address(0), msg.sender, weight);"],
    ["stakedOf[msg.sender] += amount;", "stakedOf[msg.sender] += weight;"],
    ["totalStaked += amount;", "totalStaked += weight;"],
    ["_lots[position].amount = 0;", "delete _lots[position];"],
    ["Lot(uint128(amount), uint128(weight))", "Lot(uint128(weight), uint128(weight))"],
    ["return _lots[position].weight;", "return _lots[position].amount;"],
    ["terms.queue.pushBack(bytes32(position))", "terms.queue.pushFront(bytes32(position))"],
    ["queue.popFront()", "queue.popBack()"],
    ["uint256(queue.front())", "uint256(queue.back())"],
    ["_delegate(account, delegatee);", "_delegate(account, account);"],
    ["COS.safeTransfer(to, amount);", "COS.safeTransfer(msg.sender, amount);"],
    ["uint256 free = _freeAt(stake);", "uint256 free = _endOf(stake);"],
    ["return Time.timestamp();", "return Time.blockNumber();"],
    ["return stakedOf[account];", "return totalStaked;"],
  ],
  "staking/StakePool.sol": [
    ["_accrual.advance(end);", "_accrual.advance(block.timestamp);"],
    ["_accrual.fund(received, newEnd);", "_accrual.fund(amount, newEnd);"],
    ["COS.safeTransfer(to, reward);", "COS.safeTransfer(stake.owner, reward);"],
    ["Stake storage stake = _stakeOfCaller(position);", "Stake storage stake = _stakeOf(position);"],
    ["uint64 at = _accrual.syncedAt;", "uint64 at = uint64(block.timestamp);"],
    ["(stake.rewardTo, stake.integralTo) = (rewardTo, _accrual.integral);", "stake.rewardTo = rewardTo;"],
  ],
  "staking/libraries/Accrual.sol": [
    ["Math.mulDiv(streamed, ACC, weight)", "Math.mulDiv(streamed, ACC, weight, Math.Rounding.Ceil)"],
    ["Math.mulDiv(weight, end - start, ACC)", "Math.mulDiv(weight, end - start, ACC, Math.Rounding.Ceil)"],
    ["amount + self.undistributed + unelapsed(self)", "amount + unelapsed(self)"],
    ["amount + self.undistributed + unelapsed(self)", "amount + self.undistributed"],
  ],
  "staking/libraries/WeekHistory.sol": [
    [
      "Math.mulDiv(INTEGRAL_SCALE, elapsed, weight)",
      "Math.mulDiv(INTEGRAL_SCALE, elapsed, weight, Math.Rounding.Ceil)",
    ],
  ],
  "staking/NodeStaking.sol": [
    ["_takePrincipal(stake, NodeState.Withdrawn, amount);", "_takePrincipal(stake, NodeState.Released, amount);"],
    ["_takePrincipal(stake, NodeState.Slashed, amount);", "_takePrincipal(stake, NodeState.Withdrawn, amount);"],
    ["stake.state = uint8(NodeState.Renewed);", "stake.state = uint8(NodeState.Released);"],
    ["_takePrincipal(stake, NodeState.Slashed, amount);", "_takePrincipal(stake, NodeState.Slashed, CORE_PRICE / 2);"],
    ["bond.until = uint64(block.timestamp);", "bond.until = BOUND;"],
    ["Address.sendValue(payable(to), amount);", "Address.sendValue(payable(msg.sender), amount);"],
    ["if (NodeState(stake.state) == NodeState.Held) _vacate", "if (true) _vacate"],
    ["_corePlaces + genesisPlaces >= CORE_CAP", "_corePlaces >= CORE_CAP"],
  ],
  "staking/RevenueSplitter.sol": [
    ["developerDue[shares.developer][token] +=", "developerDue[msg.sender][token] +="],
    ["prefix += amount * (", "prefix += (amount - rolled) * ("],
    [
      "(streams[0] + uint128(nodes), streams[1] + uint128(pledges))",
      "(streams[0] + uint128(pledges), streams[1] + uint128(nodes))",
    ],
    ["amount = developerDue[msg.sender][token];", "amount = developerDue[to][token];"],
    [
      "uint256 amount = _streams[token][epoch][uint256(pool)];\n            uint256 rolled",
      "uint256 amount = _streams[token][epoch][0];\n            uint256 rolled",
    ],
    ["_setNodeShare(bps, _currentEpoch() + 1);", "_setNodeShare(bps, _currentEpoch());"],
    [
      "Math.mulDiv(span.weight, until - since, INTEGRAL_SCALE * WEEK_SECONDS)",
      "Math.mulDiv(span.weight, until - since, INTEGRAL_SCALE * WEEK_SECONDS, Math.Rounding.Ceil)",
    ],
    ["Math.mulDiv(amount, idle, WEEK_SECONDS)", "Math.mulDiv(amount, idle, WEEK_SECONDS, Math.Rounding.Ceil)"],
  ],
  "validators/Delegation.sol": [
    ["uint256(pool.activeShares.latest()) + pool.unbondingShares", "uint256(pool.activeShares.latest())"],
    [
      "BondMath.toBondDown(shares, index) - BondMath.toBondDown(shares, left)",
      "BondMath.toBondDown(shares, index - left)",
    ],
    [
      "_accrue(validator, msg.sender);\n        _setShares(position, held - shares);",
      "_setShares(position, held - shares);\n        _accrue(validator, msg.sender);",
    ],
    [
      "_positions[validator][validator].accrued += commission;",
      "_positions[validator][treasury].accrued += commission;",
    ],
    [
      "Math.mulDiv(reward - commission, ACC, shares)",
      "Math.mulDiv(reward - commission, ACC, shares, Math.Rounding.Ceil)",
    ],
    ["Math.mulDiv(earned, shares, ACC, Math.Rounding.Ceil)", "Math.mulDiv(earned, shares, ACC)"],
    ["Math.mulDiv(position.shares, earned, ACC)", "Math.mulDiv(position.shares, earned, ACC, Math.Rounding.Ceil)"],
    ["_creditByBond(rewardEpoch, signed, reward - proposerPart)", "_creditByBond(rewardEpoch, signed, reward)"],
    ["COS.safeTransfer(community, amount);", "COS.safeTransfer(treasury, amount);"],
    ["COS.safeTransfer(treasury, amount);", "COS.safeTransfer(community, amount);"],
    [
      "pool.indexes.upperLookupRecent(key));\n    }\n\n    /// @inheritdoc IDelegation\n    function pastDelegationOf",
      "pool.index);\n    }\n\n    /// @inheritdoc IDelegation\n    function pastDelegationOf",
    ],
    ["_pools[validator].indexes.upperLookupRecent(key)", "_pools[validator].index"],
  ],
  "validators/ValidatorRegistry.sol": [
    ["DELEGATION.slash(account, OFFENCE_BPS);", "DELEGATION.slash(account, MISSED_BPS);"],
    ["DELEGATION.slash(operator, MISSED_BPS);", "DELEGATION.slash(operator, OFFENCE_BPS);"],
    ["_deactivate(operator, Absence.Jailed);", "_deactivate(operator, Absence.Missed);"],
    ["_deactivate(operator, Absence.Missed);", "_deactivate(operator, Absence.Jailed);"],
    ["_deactivate(msg.sender, Absence.Revoked);", "_deactivate(msg.sender, Absence.Jailed);"],
    ["_setStatus(account, OperatorStatus.Slashed);", "_setStatus(account, OperatorStatus.Closed);"],
    ["_setStatus(operator, OperatorStatus.Closed);", "_setStatus(operator, OperatorStatus.Slashed);"],
    ["_setStatus(weakest, OperatorStatus.Standby);", "_setStatus(weakest, OperatorStatus.Inactive);"],
    [
      "status > OperatorStatus.Candidate && status < OperatorStatus.Slashed",
      "status > OperatorStatus.None && status < OperatorStatus.Slashed",
    ],
    [
      "status > OperatorStatus.Candidate && status < OperatorStatus.Slashed",
      "status > OperatorStatus.Candidate && status < OperatorStatus.Closed",
    ],
    ["status >= OperatorStatus.Closed) revert NotRegistered", "status >= OperatorStatus.Slashed) revert NotRegistered"],
    [
      "CompactSignature.recover(signerClaimDigest(msg.sender, signer), consent)",
      "CompactSignature.recover(signerClaimDigest(signer, signer), consent)",
    ],
    [
      "Latest(epoch, uint64(block.timestamp), 0, false, _latest.pauseDue)",
      "Latest(epoch, uint64(block.timestamp), 0, false, false)",
    ],
    [
      "Latest(epoch, uint64(block.timestamp), 0, false, _latest.pauseDue)",
      "Latest(epoch, uint64(block.timestamp), _latest.slashed, false, _latest.pauseDue)",
    ],
    [
      "_keys[entering].since == 0) _keys[entering].since = _latest.epoch + 1",
      "true) _keys[entering].since = _latest.epoch + 1",
    ],
  ],
  "validators/Liveness.sol": [
    ["sample.signed |= uint32(signers);", "sample.signed = uint32(signers);"],
    ["attendance.window |= 1;", "attendance.window = 1;"],
    ["sample.signed |= uint32(signers);", "sample.signed ^= uint32(signers);"],
    ["REGISTRY.jailMissing(operator);", "REGISTRY.jail(operator);"],
    ["DELEGATION.settle(period, paid, signed);", "DELEGATION.settle(period, proposer, signed);"],
    ["DELEGATION.settle(period, paid, signed);", "DELEGATION.settle(period, paid, seated);"],
    [
      "_checkSignatures(set, sample.digest, signers, signatures);",
      "_checkSignatures(set, sample.digest, signers | sample.signed, signatures);",
    ],
  ],
  "validators/Slashing.sol": [
    ["_slashForHeaders(Offence.Messages, target", "_slashForHeaders(Offence.Results, target"],
    ["_slashForHeaders(Offence.Results, target", "_slashForHeaders(Offence.Block, target"],
    ["_slashForHeaders(Offence.Block, target", "_slashForHeaders(Offence.Messages, target"],
    ["_slashForHeader(Offence.FalseHead, target", "_slashForHeader(Offence.FalseResult, target"],
    ["_slashForHeader(Offence.FalseResult, target", "_slashForHeader(Offence.FalseHead, target"],
    ["Offence.FalseRotation, _evidence(digest, 0)", "Offence.Rotations, _evidence(digest, 0)"],
    ["_requireInEpoch(signer, second.header.epoch);", "_requireInEpoch(signer, first.header.epoch);"],
    ["_requireInEpochBefore(signer, statement.rotation.epoch);", "_requireInEpoch(signer, statement.rotation.epoch);"],
    ["_requireInEpochBefore(signer, first.rotation.epoch);", "_requireInEpoch(signer, first.rotation.epoch);"],
  ],
  "game/GameAssets.sol": [
    ["if (params.kind == Kind.Character && !params.unique)", "if (params.kind == Kind.Equipment && !params.unique)"],
    ["_requireRoyalty(receiver, bps, item.royaltyBps);", "_requireRoyalty(receiver, bps, MAX_ROYALTY_BPS);"],
    ["_requireSpeaker(gameId, signer);", "_requireSpeaker(gameId, msg.sender);"],
    ["return _mintItem(voucher.to, voucher.itemId", "return _mintItem(msg.sender, voucher.itemId"],
    ["_usedNonces[gameId].set(voucher.nonce);", "_usedNonces[0].set(voucher.nonce);"],
    ["_useNonce(msg.sender);", ""],
    ["_useNonce(holder);", ""],
    ["if (balanceOf(holder, piece) <= worn)", "if (balanceOf(holder, piece) < worn)"],
    ["if (balanceOf(holder, character) == 0)", "if (balanceOf(holder, piece) == 0)"],
    ["--wornOf[outfit.holder][piece];", "--wornOf[msg.sender][piece];"],
    ["_outfits[character].pieces = outfit.pieces - 1;", "delete _outfits[character];"],
    ["if (msg.sender != outfit.holder) _requireSpeaker", "_requireSpeaker"],
    ["(balanceOf(from, id), wornOf[from][id])", "(balanceOf(from, id), wornOf[to][id])"],
    ["_items[id.itemOf()].burned += uint128(values[i]);", "_items[id].burned += uint128(values[i]);"],
    ["else if (id.isBound()) revert", "else if (id.isBound() && values[i] != 0) revert"],
    ["firstId = itemId + minted + 1;", "firstId = itemId + minted;"],
    ["uint256 left = item.cap - minted;", "uint256 left = item.cap - (minted - item.burned);"],
    ["return own == 0 ? _attributes[id.itemOf()][key] : own;", "return own;"],
    ["entries += itemIds[i].isUnique() ? amounts[i] : 1;", "entries += amounts[i];"],
    ["i < ids.length; ++i) _requireOfGame(", "i + 1 < ids.length; ++i) _requireOfGame("],
    ["if (amount == 1 || !itemId.isUnique()) {", "if (!itemId.isUnique()) {"],
    ["if (id.isBound() || _outfits[id].pieces != 0) return 0;", "if (id.isBound()) return 0;"],
    ["if (block.timestamp >= voucher.expiry)", "if (block.timestamp > voucher.expiry)"],
  ],
  "game/libraries/AttributeKey.sol": [
    ["kind <= uint256(type(AttributeType).max)", "kind < uint256(type(AttributeType).max)"],
    ["return word <= type(uint160).max;", "return word < type(uint160).max;"],
    ["name != 0 && _isText(name)", "_isText(name)"],
  ],
  "game/Marketplace.sol": [
    ["filled[orderHash] = before + amount;", "filled[orderHash] = amount;"],
    ["uint256 left = order.amount - before;", "uint256 left = order.amount;"],
    ["if (order.unitPrice > MAX_TOTAL / order.amount) {", "if (order.unitPrice > MAX_TOTAL / amount) {"],
    ["if (feeBps > order.maxFeeBps) revert", "if (feeBps >= order.maxFeeBps) revert"],
    ["uint256 counter = _accounts[maker].counter;", "uint256 counter = _accounts[msg.sender].counter;"],
    ["if (order.token != BNB && !SPLITTER", "if (!SPLITTER"],
    ["sale.fee = (sale.total * feeBps) / BPS;", "sale.fee = (sale.total * order.maxFeeBps) / BPS;"],
    ["_move(order.token, sale.buyer, address(this), kept);", "_move(order.token, sale.seller, address(this), kept);"],
    ["_owed[sale.royaltyReceiver][order.token] += sale.royalty;", "_owed[sale.seller][order.token] += sale.royalty;"],
    ["_add(sale.seller, sale.total - sale.fee - sale.royalty);", "_add(sale.seller, sale.total - sale.fee);"],
    ["else _take(sale.buyer, sale.total);", "else _take(sale.buyer, sale.total - sale.fee);"],
    ["feesOf[AssetId.gameOf(order.id)][order.token]", "feesOf[AssetId.itemOf(order.id)][order.token]"],
    ["Account(state.bnb + uint128(amount), state.counter, true);", "Account(state.bnb + uint128(amount), 0, true);"],
    [
      "_accounts[account].bnb = uint128(balance - amount);",
      "_accounts[account] = Account(uint128(balance - amount), 0, true);",
    ],
    ["feesOf[gameId][token] = 0;", ""],
    ["if (token == BNB) _accounts[msg.sender].bnb = 0;", "if (token == BNB) delete _accounts[msg.sender];"],
    ["filled[orderHash] = CANCELLED;", "filled[orderHash] = orders[i].amount;"],
    ["(order.maker, msg.sender) : (msg.sender, order.maker)", "(msg.sender, order.maker) : (order.maker, msg.sender)"],
    ["counter = ++_accounts[msg.sender].counter;", "counter = _accounts[msg.sender].counter++;"],
    ["Address.sendValue(payable(to), amount);", "Address.sendValue(payable(msg.sender), amount);"],
    ["if (msg.sender == maker) revert SelfTrade(maker);", ""],
    ["if (block.timestamp >= order.expiry)", "if (block.timestamp > order.expiry)"],
    ["if (amount > balance) revert DepositTooSmall", "if (amount >= balance) revert DepositTooSmall"],
  ],
  "game/libraries/AccountSignature.sol": [
    ["failure == ECDSA.RecoverError.NoError && signer == account", "signer == account"],
    ["account.code.length != 0 &&", "account.code.length == 0 &&"],
  ],
};

export function handMadeOf(source: string, text: string): readonly Mutant[] {
  return (HAND_MADE[source] ?? []).map(([before, after]) => {
    const parts = text.split(before);
    if (parts.length !== 2) throw new Error(`${source} has this ${parts.length - 1} times: ${before}`);
    const line = (parts[0] ?? "").split("\n").length;
    return { source, line, rule: "by hand", before, after, text: parts.join(after) };
  });
}
