// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Foundation Token (FT)
/// @notice Votes on a timestamp clock (ERC-6372), allocated to sovereigns against verified exports:
/// each issuance names the hash of its document, and a document issues once. Moves only between
/// authorised participants; the pauser stops transfers and issuance.
/// @dev Delegation and approvals stay open while paused: governance has to be able to vote on what
/// comes next, a holder to revoke an approval.
contract FoundationToken is Stoppable, ERC20, ERC20Permit, ERC20Votes {
    // --- State -------------------------------------------------------------------------------

    uint256 private _issued;
    mapping(address account => bool) private _authorised;
    mapping(bytes32 documentHash => bool) private _used;

    // --- Events ------------------------------------------------------------------------------

    /// @notice `amount` was created for `to` against a document.
    event Issued(address indexed to, bytes32 indexed documentHash, uint256 amount);
    /// @notice `account` was admitted to, or excluded from, holding and moving the token.
    event AuthorisationSet(address indexed account, bool authorised, address indexed by);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `account` is not an authorised participant.
    error NotAuthorised(address account);
    /// @notice `documentHash` has issued already.
    error DocumentAlreadyUsed(bytes32 documentHash);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    constructor(
        address authority_
    )
        AccessManaged(authority_)
        ERC20("FICTRA Foundation Token", "FT")
        ERC20Permit("FICTRA Foundation Token")
    {}

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Creates `amount` for `to` against a document. Role: ALLOCATOR.
    /// @param to Authorised receiver.
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
        emit Issued(to, documentHash, amount);
    }

    /// @notice Admits or excludes `account`. Role: COMPLIANCE.
    /// @param account Participant.
    /// @param authorised_ Whether it may hold and move the token.
    function setAuthorised(address account, bool authorised_) external restricted {
        _authorised[account] = authorised_;
        emit AuthorisationSet(account, authorised_, msg.sender);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice Whether `account` may hold and move the token.
    /// @param account Anybody.
    function authorised(address account) external view returns (bool) {
        return _authorised[account];
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

    function _update(
        address from,
        address to,
        uint256 value
    ) internal override(ERC20, ERC20Votes) whenNotPaused {
        if (from != address(0) && !_authorised[from]) revert NotAuthorised(from);
        if (!_authorised[to]) revert NotAuthorised(to);
        super._update(from, to, value);
    }
}
