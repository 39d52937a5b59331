// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {OracleRoster} from "./OracleRoster.sol";

/// @title What oracle nodes stand for their word with, and what they earn
/// @notice A node's stake (PT) can be slashed and is free again only after the _unbonding time. Each
/// counted report earns the same reward from a fund that anybody may fill; what is slashed goes there.
/// @dev This contract holds stakes, the reward fund and bonds; `accounted` tells them, and their sum
/// never exceeds the balance. Counting reports costs nothing: a report's word counts them.
abstract contract OracleStaking is OracleRoster {
    using SafeERC20 for IERC20;

    // --- Types -------------------------------------------------------------------------------

    /// @notice A node's stake.
    /// @param amount What can be slashed, PT (1e-6), the part that leaves included.
    /// @param leaving The part that was given notice of.
    /// @param freeAt Unix seconds at which that part may be withdrawn.
    struct Stake {
        uint104 amount;
        uint104 leaving;
        uint48 freeAt;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @dev Highest stake that can be asked for: a hundred million PT.
    uint256 internal constant MAX_MIN_STAKE = 1e14;
    /// @dev Longest _unbonding time.
    uint32 internal constant MAX_UNBONDING = 90 days;
    /// @dev Highest reward of a report: a thousand PT.
    uint256 internal constant MAX_REWARD = 1e9;
    /// @dev A slashing takes this part of a stake at most: half, pips.
    uint32 internal constant MAX_SLASH = 500_000;

    // --- State -------------------------------------------------------------------------------

    /// @notice The payment token.
    IERC20 public immutable pt;
    uint128 private _minStake;
    uint32 private _unbonding;
    uint32 private _slashPips;
    uint64 private _rewardPerReport;
    uint256 internal _rewardFund;
    uint256 private _totalStake;
    uint256 internal _totalBonds;
    mapping(address node => Stake) private _stakes;
    mapping(bytes32 feed => mapping(address node => uint256 generationAndCount)) private _paid;

    // --- Construction ------------------------------------------------------------------------

    /// @param pt_ The payment token.
    constructor(IERC20 pt_) {
        pt = pt_;
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Sets stake, _unbonding time, reward and slashing. Role: ORACLE_ADMIN.
    /// @param minStake_ PT (1e-6), at most MAX_MIN_STAKE.
    /// @param unbonding_ Seconds, at most MAX_UNBONDING.
    /// @param rewardPerReport_ PT (1e-6), at most MAX_REWARD.
    /// @param slashPips_ Pips, at most MAX_SLASH.
    function setStaking(
        uint256 minStake_,
        uint32 unbonding_,
        uint256 rewardPerReport_,
        uint32 slashPips_
    ) external restricted {
        if (minStake_ > MAX_MIN_STAKE) revert AmountOutOfBounds(minStake_, MAX_MIN_STAKE);
        if (unbonding_ > MAX_UNBONDING) revert PeriodOutOfBounds(unbonding_, 0, MAX_UNBONDING);
        if (rewardPerReport_ > MAX_REWARD) revert AmountOutOfBounds(rewardPerReport_, MAX_REWARD);
        if (slashPips_ > MAX_SLASH) revert AmountOutOfBounds(slashPips_, MAX_SLASH);
        (_minStake, _unbonding) = (uint128(minStake_), unbonding_);
        (_rewardPerReport, _slashPips) = (uint64(rewardPerReport_), slashPips_);
        emit StakingSet(minStake_, unbonding_, rewardPerReport_, slashPips_);
    }

    /// @notice Slashes a node by what a wrong attestation costs, for another cause.
    /// Role: ARBITER.
    /// @param node Anybody with a stake.
    /// @param reason Hash of the ruling.
    function slash(address node, bytes32 reason) external restricted {
        _slash(node, reason);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Adds to the stake of `node`; anybody.
    /// @param node Whose stake it is from now on.
    /// @param amount PT (1e-6), approved before.
    function stake(address node, uint256 amount) external whenNotPaused {
        if (node == address(0)) revert ZeroNode();
        if (amount == 0 || amount > MAX_MIN_STAKE) revert AmountOutOfBounds(amount, MAX_MIN_STAKE);
        Stake storage s = _stakes[node];
        s.amount += uint104(amount);
        _totalStake += amount;
        emit Staked(node, msg.sender, amount, s.amount);
        pt.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Gives notice of a part of the caller's stake; a later notice starts the time anew.
    /// @param amount PT (1e-6) that leaves, the whole of it: 0 withdraws the notice.
    function giveNotice(uint256 amount) external whenNotPaused {
        Stake storage s = _stakes[msg.sender];
        if (amount > s.amount) revert AmountOutOfBounds(amount, s.amount);
        if (_place[msg.sender] != 0 && s.amount - amount < _minStake) {
            revert StakeTooSmall(msg.sender, s.amount - amount, _minStake);
        }
        (s.leaving, s.freeAt) = (uint104(amount), uint48(block.timestamp) + _unbonding);
        emit NoticeGiven(msg.sender, amount, s.freeAt);
    }

    /// @notice Pays out what the caller gave notice of, once its time has come.
    function withdraw() external whenNotPaused {
        Stake storage s = _stakes[msg.sender];
        uint256 amount = s.leaving;
        if (amount == 0 || block.timestamp < s.freeAt) revert NotWithdrawable(amount, s.freeAt);
        s.amount -= uint104(amount);
        s.leaving = 0;
        _totalStake -= amount;
        emit Withdrawn(msg.sender, amount);
        pt.safeTransfer(msg.sender, amount);
    }

    /// @notice Adds to what rewards are paid from; anybody.
    /// @param amount PT (1e-6), approved before.
    function fund(uint256 amount) external whenNotPaused {
        _rewardFund += amount;
        emit RewardsFunded(msg.sender, amount);
        pt.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Pays the caller for its reports on a feed since it was last paid.
    /// @dev Reports made in the shadow earn nothing.
    /// @param feed Id of the feed.
    function claimReward(bytes32 feed) external whenNotPaused {
        if (!isNode(msg.sender)) revert NotANode(msg.sender);
        (uint256 generation, uint256 count) = _reported(feed, msg.sender);
        uint256 paid = _paid[feed][msg.sender];
        uint256 news = count - (paid >> 40 == generation ? uint40(paid) : 0);
        uint256 amount = news * _rewardPerReport;
        if (amount == 0 || amount > _rewardFund) revert NothingToPay(amount, _rewardFund);
        _paid[feed][msg.sender] = (generation << 40) | count;
        _rewardFund -= amount;
        emit RewardPaid(feed, msg.sender, news, amount);
        pt.safeTransfer(msg.sender, amount);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice Stake, unbonding time, reward and slashing.
    /// @return minStake Stake that a node needs to be admitted, PT (1e-6).
    /// @return unbonding Seconds between notice and withdrawal.
    /// @return rewardPerReport PT (1e-6) for each counted report.
    /// @return slashPips Part of a stake that a wrong attestation costs, pips.
    function staking()
        external
        view
        returns (uint256 minStake, uint32 unbonding, uint256 rewardPerReport, uint32 slashPips)
    {
        return (_minStake, _unbonding, _rewardPerReport, _slashPips);
    }

    /// @notice The stake of a node.
    /// @param node Anybody.
    function stakeOf(address node) external view returns (Stake memory) {
        return _stakes[node];
    }

    /// @notice All that this contract owes, PT (1e-6): together never more than its balance.
    /// @return stakes All stakes together.
    /// @return fund_ What rewards are paid from.
    /// @return bonds All bonds in dispute together.
    function accounted() external view returns (uint256 stakes, uint256 fund_, uint256 bonds) {
        return (_totalStake, _rewardFund, _totalBonds);
    }

    // --- Internal ----------------------------------------------------------------------------

    /// @dev Generation of the node's place, and its counted reports on the feed in it.
    function _reported(
        bytes32 feed,
        address node
    ) internal view virtual returns (uint256 generation, uint256 count);

    function _requireAdmissible(address node) internal view override {
        Stake storage s = _stakes[node];
        uint256 standing = s.amount - s.leaving;
        if (standing < _minStake) revert StakeTooSmall(node, standing, _minStake);
    }

    /// @dev Takes its part of the whole stake, of what leaves too: notice saves nobody.
    function _slash(address node, bytes32 reason) internal {
        Stake storage s = _stakes[node];
        uint256 amount = (uint256(s.amount) * _slashPips) / 1e6;
        s.amount -= uint104(amount);
        if (s.leaving > s.amount) s.leaving = s.amount;
        _totalStake -= amount;
        _rewardFund += amount;
        emit Slashed(node, amount, reason);
    }
}
