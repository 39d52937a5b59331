// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ParticipantRegistry} from "./ParticipantRegistry.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Foundation Token (FT)
/// @notice Votes on a timestamp clock (ERC-6372), allocated to sovereigns against verified exports:
/// each issuance names the hash of its document, and a document issues once. Moves only between
/// sovereigns and custodians that the registry knows as active; each grant may be locked for a time,
/// and a dispute holds what it is about. The pauser stops transfers and issuance.
/// @dev Supply = issued - retired - reversed. Delegation and approvals stay open while paused:
/// governance has to be able to vote on what comes next, a holder to revoke an approval. Reversing
/// stays open too, since a wrong supply must be removable.
contract FoundationToken is Stoppable, ERC20, ERC20Permit, ERC20Votes {
    // --- Types -------------------------------------------------------------------------------

    /// @notice A part of a holder's balance that stays until `unlockAt` (unix seconds).
    struct Grant {
        uint208 amount;
        uint48 unlockAt;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Longest lock-up of a grant.
    uint48 public constant MAX_LOCKUP = 4 * 365 days;
    /// @notice Most grants that one transfer unlocks; `unlock` unlocks the rest.
    uint256 public constant MAX_UNLOCKS = 32;
    uint8 private constant HOLDERS = 1 | 8; // sovereigns and custodians

    // --- State -------------------------------------------------------------------------------

    /// @notice Who may hold the token.
    ParticipantRegistry public immutable registry;
    /// @notice Seconds for which a grant of today is locked.
    uint48 public lockup;
    uint256 private _issued;
    uint256 private _retired;
    uint256 private _reversed;
    mapping(bytes32 documentHash => bool) private _used;
    mapping(address account => Grant[]) private _grants;
    mapping(address account => uint256) private _firstLocked;
    mapping(address account => uint256) private _locked;
    mapping(address account => uint256) private _held;

    // --- Events ------------------------------------------------------------------------------

    /// @notice `amount` was created for `to` against a document.
    event Issued(address indexed to, bytes32 indexed documentHash, uint256 amount);
    /// @notice `amount` of `to` stays until `unlockAt`.
    event GrantLocked(address indexed to, uint256 amount, uint48 unlockAt);
    /// @notice `amount` of `from` was given up by its holder.
    event Retired(address indexed from, uint256 amount);
    /// @notice `amount` of `from` was taken back: it had been issued by mistake.
    event Reversed(address indexed from, uint256 amount, address indexed by);
    /// @notice Disputes hold `amount` of `account` from now on.
    event HeldSet(address indexed account, uint256 amount);
    /// @notice The lock-up of later grants was set.
    event LockupSet(uint48 oldLockup, uint48 newLockup);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `account` is not active as a sovereign or a custodian.
    error NotAuthorised(address account);
    /// @notice `documentHash` has issued already.
    error DocumentAlreadyUsed(bytes32 documentHash);
    /// @notice Of `account` only `free` may move: the rest is locked or held.
    error TokensLocked(address account, uint256 free, uint256 value);
    /// @notice `lockup` is longer than `max`.
    error LockupOutOfBounds(uint48 lockup, uint48 max);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param registry_ Who may hold the token.
    /// @param lockup_ Seconds for which a grant is locked.
    constructor(
        address authority_,
        ParticipantRegistry registry_,
        uint48 lockup_
    )
        AccessManaged(authority_)
        ERC20("FICTRA Foundation Token", "FT")
        ERC20Permit("FICTRA Foundation Token")
    {
        registry = registry_;
        _setLockup(lockup_);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Gives up tokens of the caller for good.
    /// @param amount Units of 1e-18, neither locked nor held.
    function retire(uint256 amount) external whenNotPaused {
        _requireFree(msg.sender, amount);
        _retired += amount;
        _burn(msg.sender, amount);
        emit Retired(msg.sender, amount);
    }

    /// @notice Unlocks grants of `account` whose time has come; anybody.
    /// @param account Holder.
    /// @param most Grants to unlock at most.
    function unlock(address account, uint256 most) external whenNotPaused {
        _unlock(account, most);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Creates `amount` for `to` against a document. Role: ALLOCATOR.
    /// @param to Active holder.
    /// @param amount Units of 1e-18.
    /// @param documentHash Hash of the export document; each issues once.
    function issue(
        address to,
        uint256 amount,
        bytes32 documentHash
    ) external restricted whenNotPaused {
        if (_used[documentHash]) revert DocumentAlreadyUsed(documentHash);
        _used[documentHash] = true;
        _issued += amount;
        _mint(to, amount);
        if (lockup != 0 && amount != 0) _lock(to, amount);
        emit Issued(to, documentHash, amount);
    }

    /// @notice Sets how much of `account` disputes hold; it may exceed the balance.
    /// Role: ALLOCATOR.
    /// @param account Holder.
    /// @param amount Units of 1e-18.
    function setHeld(address account, uint256 amount) external restricted {
        _held[account] = amount;
        emit HeldSet(account, amount);
    }

    /// @notice Takes back what was issued by mistake, active or not, locked or not.
    /// Role: ALLOCATOR.
    /// @param from Holder.
    /// @param most Units of 1e-18 to take at most.
    /// @return amount What was taken: all that is there, at most `most`.
    function reverse(address from, uint256 most) external restricted returns (uint256 amount) {
        uint256 balance = balanceOf(from);
        amount = most < balance ? most : balance;
        _reversed += amount;
        _burn(from, amount);
        emit Reversed(from, amount, msg.sender);
    }

    /// @notice Sets for how long later grants are locked. Role: GOVERNANCE.
    /// @param newLockup Seconds, at most MAX_LOCKUP; 0 for not at all.
    function setLockup(uint48 newLockup) external restricted {
        _setLockup(newLockup);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice Whether `account` may hold and move the token.
    /// @param account Anybody.
    function authorised(address account) public view returns (bool) {
        return registry.isActive(account, HOLDERS);
    }

    /// @notice Whether `documentHash` has issued.
    /// @param documentHash Hash of an export document.
    function documentUsed(bytes32 documentHash) external view returns (bool) {
        return _used[documentHash];
    }

    /// @notice All that was ever issued, units of 1e-18.
    function totalIssued() external view returns (uint256) {
        return _issued;
    }

    /// @notice All that holders gave up, units of 1e-18.
    function totalRetired() external view returns (uint256) {
        return _retired;
    }

    /// @notice All that was taken back, units of 1e-18.
    function totalReversed() external view returns (uint256) {
        return _reversed;
    }

    /// @notice What disputes hold of `account`, units of 1e-18.
    /// @param account Anybody.
    function held(address account) external view returns (uint256) {
        return _held[account];
    }

    /// @notice What is locked of `account` at this time, units of 1e-18.
    /// @param account Anybody.
    function locked(address account) external view returns (uint256 amount) {
        amount = _locked[account];
        Grant[] storage list = _grants[account];
        for (uint256 i = _firstLocked[account]; i < list.length; ++i) {
            if (list[i].unlockAt > block.timestamp) break;
            amount -= list[i].amount;
        }
    }

    /// @notice Votes are counted at timestamps (ERC-6372).
    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @notice Machine-readable description of the clock (ERC-6372).
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    // --- Internal ----------------------------------------------------------------------------

    /// @dev Burning is checked by whoever calls it; all else is checked here.
    function _update(
        address from,
        address to,
        uint256 value
    ) internal override(ERC20, ERC20Votes) {
        if (to != address(0)) {
            _requireNotPaused();
            if (!authorised(to)) revert NotAuthorised(to);
            if (from != address(0)) {
                if (!authorised(from)) revert NotAuthorised(from);
                _requireFree(from, value);
            }
        }
        super._update(from, to, value);
    }

    function _requireFree(address account, uint256 value) private {
        uint256 tied = _held[account];
        if (_locked[account] != 0) tied += _unlock(account, MAX_UNLOCKS);
        if (tied == 0) return;
        uint256 balance = balanceOf(account);
        uint256 free = balance > tied ? balance - tied : 0;
        if (value > free && value <= balance) revert TokensLocked(account, free, value);
    }

    /// @dev Grants unlock in their order: a later one never before an earlier one.
    function _lock(address to, uint256 amount) private {
        Grant[] storage list = _grants[to];
        uint48 unlockAt = uint48(block.timestamp) + lockup;
        if (list.length > _firstLocked[to]) {
            Grant storage last = list[list.length - 1];
            if (last.unlockAt > unlockAt) unlockAt = last.unlockAt;
        }
        _locked[to] += amount;
        list.push(Grant(uint208(amount), unlockAt)); // the supply of votes is below 2^208
        emit GrantLocked(to, amount, unlockAt);
    }

    function _unlock(address account, uint256 most) private returns (uint256 still) {
        Grant[] storage list = _grants[account];
        uint256 first = _firstLocked[account];
        still = _locked[account];
        uint256 at = first;
        for (; at < list.length && at - first < most; ++at) {
            if (list[at].unlockAt > block.timestamp) break;
            still -= list[at].amount;
        }
        if (at != first) (_firstLocked[account], _locked[account]) = (at, still);
    }

    function _setLockup(uint48 newLockup) private {
        if (newLockup > MAX_LOCKUP) revert LockupOutOfBounds(newLockup, MAX_LOCKUP);
        uint48 oldLockup = lockup;
        lockup = newLockup;
        emit LockupSet(oldLockup, newLockup);
    }
}
