// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Payment Token (PT)
/// @notice ERC-20 with six decimals that pays for cargoes and aims at 1.00 of the stable asset. Minted
/// and burned by role under a cap; frozen accounts neither send nor receive; the pauser stops
/// transfers and minting. What keepers hold (pool, escrow, stakes, bonds) is others': nobody freezes it
/// or burns it away.
/// @dev While paused, burning stays open to its role (an illicit supply must be removable) and so do
/// approvals (a holder must be able to revoke one).
contract PaymentToken is Stoppable, ERC20, ERC20Permit {
    // --- Constants ---------------------------------------------------------------------------

    /// @notice No cap can be set above this: 1e12 tokens.
    uint256 public constant MAX_CAP = 1e18;

    // --- State -------------------------------------------------------------------------------

    uint128 private _minted;
    uint128 private _burned;
    uint256 private _cap;
    mapping(address account => bool) private _frozen;
    /// @notice Whether `account` keeps tokens for others, and can be neither frozen nor burned from.
    mapping(address account => bool) public isKeeper;

    // --- Events ------------------------------------------------------------------------------

    /// @notice The cap of the total supply was changed.
    event CapSet(uint256 oldCap, uint256 newCap);
    /// @notice `amount` was created for `to`.
    event Minted(address indexed to, uint256 amount, address indexed by);
    /// @notice `amount` of `from` was destroyed.
    event Burned(address indexed from, uint256 amount, address indexed by);
    /// @notice `account` keeps tokens for others from now on.
    event KeeperAdded(address indexed account, address indexed by);
    /// @notice `account` was frozen.
    event Frozen(address indexed account, address indexed by);
    /// @notice `account` was released.
    event Unfrozen(address indexed account, address indexed by);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice The supply would become `supply`, above `cap`.
    error CapExceeded(uint256 supply, uint256 cap);
    /// @notice `cap` lies outside [`lowest`, `highest`]: the present supply and MAX_CAP.
    error CapOutOfBounds(uint256 cap, uint256 lowest, uint256 highest);
    /// @notice `account` is frozen.
    error AccountFrozen(address account);
    /// @notice What `account` holds is others'.
    error KeptForOthers(address account);
    /// @notice `account` is not frozen.
    error AccountNotFrozen(address account);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param cap_ Highest total supply, units of 1e-6.
    constructor(
        address authority_,
        uint256 cap_
    ) AccessManaged(authority_) ERC20("FICTRA Payment Token", "PT") ERC20Permit("FICTRA Payment Token") {
        _setCap(cap_);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Destroys tokens of the caller.
    /// @param amount Units of 1e-6.
    function retire(uint256 amount) external whenNotPaused {
        if (_frozen[msg.sender]) revert AccountFrozen(msg.sender);
        _destroy(msg.sender, amount);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Creates `amount` for `to`, within the cap. Role: ISSUER.
    /// @param to Receiver; not frozen.
    /// @param amount Units of 1e-6.
    function mint(address to, uint256 amount) external restricted whenNotPaused {
        _create(to, amount);
    }

    /// @notice Creates `amount` for `to` against what the caller took in, within the cap.
    /// Role: MINTER.
    /// @param to Receiver; not frozen.
    /// @param amount Units of 1e-6.
    function issue(address to, uint256 amount) external restricted whenNotPaused {
        _create(to, amount);
    }

    /// @notice Destroys `amount` of `from`, frozen or not. Role: RESERVE_MANAGER.
    /// @param from Holder, no keeper.
    /// @param amount Units of 1e-6.
    function burn(address from, uint256 amount) external restricted {
        if (isKeeper[from]) revert KeptForOthers(from);
        _destroy(from, amount);
    }

    /// @notice Sets the highest total supply. Role: GOVERNANCE.
    /// @param newCap At least the present supply and at most MAX_CAP.
    function setCap(uint256 newCap) external restricted {
        _setCap(newCap);
    }

    /// @notice Marks `account` as one that keeps tokens for others, for good. Role: GOVERNANCE.
    /// @param account A contract of the network, not frozen.
    function addKeeper(address account) external restricted {
        if (_frozen[account]) revert AccountFrozen(account);
        isKeeper[account] = true;
        emit KeeperAdded(account, msg.sender);
    }

    /// @notice Stops `account` from sending and receiving. Role: COMPLIANCE.
    /// @param account Not yet frozen, no keeper.
    function freeze(address account) external restricted {
        if (isKeeper[account]) revert KeptForOthers(account);
        if (_frozen[account]) revert AccountFrozen(account);
        _frozen[account] = true;
        emit Frozen(account, msg.sender);
    }

    /// @notice Lets `account` send and receive again. Role: COMPLIANCE.
    /// @param account Frozen.
    function unfreeze(address account) external restricted {
        if (!_frozen[account]) revert AccountNotFrozen(account);
        _frozen[account] = false;
        emit Unfrozen(account, msg.sender);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice Highest total supply, units of 1e-6.
    function cap() external view returns (uint256) {
        return _cap;
    }

    /// @notice Whether `account` is stopped from sending and receiving.
    /// @param account Anybody.
    function frozen(address account) external view returns (bool) {
        return _frozen[account];
    }

    /// @notice All that was ever minted, units of 1e-6.
    function totalMinted() external view returns (uint256) {
        return _minted;
    }

    /// @notice All that was ever burned, units of 1e-6; total supply = minted - burned.
    function totalBurned() external view returns (uint256) {
        return _burned;
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    // --- Internal ----------------------------------------------------------------------------

    /// @dev Burning passes while paused and from frozen accounts; all else is checked here.
    function _update(address from, address to, uint256 value) internal override {
        if (to != address(0)) {
            _requireNotPaused();
            if (_frozen[from]) revert AccountFrozen(from);
            if (_frozen[to]) revert AccountFrozen(to);
        }
        super._update(from, to, value);
    }

    function _create(address to, uint256 amount) private {
        uint256 supply = totalSupply() + amount;
        if (supply > _cap) revert CapExceeded(supply, _cap);
        // The supply never exceeds 1e18, so 2^128 takes 3e20 mints of the whole cap.
        _minted += uint128(amount);
        _mint(to, amount);
        emit Minted(to, amount, msg.sender);
    }

    function _destroy(address from, uint256 amount) private {
        _burn(from, amount);
        _burned += uint128(amount);
        emit Burned(from, amount, msg.sender);
    }

    function _setCap(uint256 newCap) private {
        uint256 supply = totalSupply();
        if (newCap < supply || newCap > MAX_CAP) revert CapOutOfBounds(newCap, supply, MAX_CAP);
        uint256 oldCap = _cap;
        _cap = newCap;
        emit CapSet(oldCap, newCap);
    }
}
