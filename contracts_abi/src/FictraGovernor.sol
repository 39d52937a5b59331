// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

/// @title Decisions by foundation tokens
/// @notice OpenZeppelin's Governor on the timestamp clock of FT: propose, wait, vote, queue in the
/// timelock, execute. Settings change by its own decisions alone, and within hard bounds.
contract FictraGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl
{
    // --- Constants ---------------------------------------------------------------------------

    /// @notice Shortest time between a proposal and its vote, seconds.
    uint48 public constant MIN_VOTING_DELAY = 1 minutes;
    /// @notice Longest time between a proposal and its vote, seconds.
    uint48 public constant MAX_VOTING_DELAY = 14 days;
    /// @notice Shortest vote, seconds.
    uint32 public constant MIN_VOTING_PERIOD = 1 hours;
    /// @notice Longest vote, seconds.
    uint32 public constant MAX_VOTING_PERIOD = 30 days;
    /// @notice Most votes that a proposal may take: a billion FT.
    uint256 public constant MAX_THRESHOLD = 1e27;
    /// @notice Smallest quorum, percent of the supply.
    uint256 public constant MIN_QUORUM = 1;
    /// @notice Largest quorum, percent of the supply.
    uint256 public constant MAX_QUORUM = 50;

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `value` lies outside [`lowest`, `highest`].
    error SettingOutOfBounds(uint256 value, uint256 lowest, uint256 highest);

    // --- Construction ------------------------------------------------------------------------

    /// @param token The foundation token.
    /// @param timelock_ Where decisions wait.
    /// @param delay Seconds between a proposal and its vote.
    /// @param period Seconds of a vote.
    /// @param threshold Votes that a proposal takes, 1e-18 FT.
    /// @param quorum_ Votes that decide, percent of the supply.
    constructor(
        IVotes token,
        TimelockController timelock_,
        uint48 delay,
        uint32 period,
        uint256 threshold,
        uint256 quorum_
    )
        Governor("FictraGovernor")
        GovernorSettings(delay, period, threshold)
        GovernorVotes(token)
        GovernorVotesQuorumFraction(quorum_)
        GovernorTimelockControl(timelock_)
    {}

    // --- Views -------------------------------------------------------------------------------

    /// @inheritdoc Governor
    function proposalThreshold()
        public
        view
        override(Governor, GovernorSettings)
        returns (uint256)
    {
        return super.proposalThreshold();
    }

    /// @inheritdoc Governor
    function state(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    /// @inheritdoc Governor
    function proposalNeedsQueuing(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    // --- Internal ----------------------------------------------------------------------------

    function _setVotingDelay(uint48 value) internal override {
        _bounded(value, MIN_VOTING_DELAY, MAX_VOTING_DELAY);
        super._setVotingDelay(value);
    }

    function _setVotingPeriod(uint32 value) internal override {
        _bounded(value, MIN_VOTING_PERIOD, MAX_VOTING_PERIOD);
        super._setVotingPeriod(value);
    }

    function _setProposalThreshold(uint256 value) internal override {
        _bounded(value, 0, MAX_THRESHOLD);
        super._setProposalThreshold(value);
    }

    function _updateQuorumNumerator(uint256 value) internal override {
        _bounded(value, MIN_QUORUM, MAX_QUORUM);
        super._updateQuorumNumerator(value);
    }

    function _bounded(uint256 value, uint256 lowest, uint256 highest) private pure {
        if (value < lowest || value > highest) revert SettingOutOfBounds(value, lowest, highest);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor()
        internal
        view
        override(Governor, GovernorTimelockControl)
        returns (address)
    {
        return super._executor();
    }
}
