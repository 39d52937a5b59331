// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may call what, and after which delay
/// @notice OpenZeppelin's AccessManager with the role ids of the network as named constants, so that
/// deployments, dashboards and procedures read them from the chain instead of copying numbers.
/// @dev Role 0 (ADMIN_ROLE) and type(uint64).max (PUBLIC_ROLE) are AccessManager's own.
contract Authority is AccessManager {
    // --- Constants ---------------------------------------------------------------------------

    /// @notice Sets bounds and parameters; acts through a proposal and a delay.
    uint64 public constant GOVERNANCE = 1;
    /// @notice Moves fees in small steps within the bounds that governance set.
    uint64 public constant FEE_STEWARD = 2;
    /// @notice Mints payment tokens and proposes issues of foundation tokens.
    uint64 public constant ISSUER = 3;
    /// @notice Admits oracle nodes and configures feeds.
    uint64 public constant ORACLE_ADMIN = 4;
    /// @notice Burns redeemed payment tokens and moves the reserve.
    uint64 public constant RESERVE_MANAGER = 5;
    /// @notice Freezes accounts, examines participants and confirms issues of foundation tokens.
    uint64 public constant COMPLIANCE = 6;
    /// @notice Stops a contract at once.
    uint64 public constant PAUSER = 7;
    /// @notice Starts a stopped contract again; a larger quorum than the pauser.
    uint64 public constant UNPAUSER = 8;
    /// @notice Held by the AllocationBook alone: issues foundation tokens.
    uint64 public constant ALLOCATOR = 9;
    /// @notice Rules on disputes that nothing else decided.
    uint64 public constant ARBITER = 10;
    /// @notice The custodians' auditor: attests what the reserve holds outside the chain.
    uint64 public constant ATTESTOR = 11;
    /// @notice Held by Conversion and Reserve alone: mints payment tokens against what they took in.
    uint64 public constant MINTER = 12;

    // --- Construction ------------------------------------------------------------------------

    /// @param initialAdmin Holds ADMIN_ROLE until the deployment hands it to governance.
    constructor(address initialAdmin) AccessManager(initialAdmin) {}
}
