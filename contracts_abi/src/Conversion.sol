// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FeeSchedule} from "./FeeSchedule.sol";
import {FoundationToken} from "./FoundationToken.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {ParticipantRegistry} from "./ParticipantRegistry.sol";
import {PaymentToken} from "./PaymentToken.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title From foundation tokens to payment tokens
/// @notice A sovereign gives up FT and receives PT for the quantity of a commodity that policy sets
/// for one FT, at the feed's price (PT counts as 1.00 USD), less the fee. Within a limit for each day
/// and one for each sovereign and day; a price that is too old, or not positive, converts nothing.
/// @dev FT is retired, PT is issued under the token's cap. out = ft (1e-18) * unitsPerFt (1e-3) *
/// answer (1e-8 USD) / 1e23, rounded down; the hard bounds keep the product below 2^255.
contract Conversion is Stoppable, ReentrancyGuardTransient {
    // --- Types -------------------------------------------------------------------------------

    /// @notice What policy sets for a feed.
    /// @param unitsPerFt Quantity that one FT is worth, thousandths of the unit; 0 for not convertible.
    /// @param maxAge Oldest price that is taken, seconds.
    struct Policy {
        uint128 unitsPerFt;
        uint32 maxAge;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Highest quantity for one FT: a million units.
    uint256 public constant MAX_UNITS_PER_FT = 1e9;
    /// @notice Shortest age of a price that can be asked for, seconds.
    uint32 public constant MIN_MAX_AGE = 1 minutes;
    /// @notice Longest age of a price that can be allowed, seconds.
    uint32 public constant MAX_MAX_AGE = 7 days;
    /// @notice No limit of a day can be above this: 1e12 PT.
    uint256 public constant MAX_LIMIT = 1e18;
    /// @notice Most FT (1e-18) that one call converts: 1e12.
    uint256 public constant MAX_AMOUNT = 1e30;
    /// @notice A day of the limits, seconds; days begin at 00:00 UTC.
    uint256 public constant DAY = 1 days;
    uint256 private constant PIPS = 1e6;
    uint8 private constant FEE = uint8(FeeSchedule.Kind.Conversion);
    uint8 private constant SOVEREIGN = 1; // of ParticipantRegistry

    // --- State -------------------------------------------------------------------------------

    /// @notice Where prices are read.
    IOracleNetwork public immutable oracle;
    /// @notice What is given up; this contract must be an active custodian.
    FoundationToken public immutable ft;
    /// @notice What is received; this contract needs its MINTER role.
    PaymentToken public immutable pt;
    /// @notice Who is a sovereign.
    ParticipantRegistry public immutable registry;
    /// @notice Where the conversion fee is read.
    FeeSchedule public immutable feeSchedule;
    /// @notice Where fees go.
    address public treasury;
    /// @notice Most PT (1e-6) of a day, fees included.
    uint256 public dailyLimit;
    /// @notice Most PT (1e-6) of a sovereign and day, fees included.
    uint256 public sovereignLimit;
    /// @notice FT (1e-18) that was ever converted.
    uint256 public totalFt;
    /// @notice PT (1e-6) that was ever issued for it, fees included.
    uint256 public totalPt;
    mapping(bytes32 feed => Policy) private _policies;
    mapping(uint256 day => uint256) private _ofDay;
    mapping(uint256 day => mapping(address sovereign => uint256)) private _ofSovereign;

    // --- Events ------------------------------------------------------------------------------

    /// @notice `sovereign` gave up `ftAmount` at the price `answer` and received `ptAmount`, after `fee`.
    event Converted(
        address indexed sovereign,
        bytes32 indexed feed,
        uint256 ftAmount,
        int256 answer,
        uint256 ptAmount,
        uint256 fee
    );
    /// @notice The policy of a feed was set.
    event PolicySet(bytes32 indexed feed, uint256 unitsPerFt, uint32 maxAge);
    /// @notice The limits of a day were set.
    event LimitsSet(uint256 dailyLimit, uint256 sovereignLimit);
    /// @notice Where fees go was set.
    event TreasurySet(address indexed oldTreasury, address indexed newTreasury);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `caller` is no active sovereign.
    error NotASovereign(address caller);
    /// @notice Policy sets no quantity for the feed.
    error NotConvertible(bytes32 feed);
    /// @notice The price dates from `updatedAt`, longer ago than `maxAge`.
    error PriceTooOld(bytes32 feed, uint64 updatedAt, uint32 maxAge);
    /// @notice At the price `answer` nothing is worth anything.
    error NonPositivePrice(bytes32 feed, int256 answer);
    /// @notice `amount` is zero, above `max`, or so little that nothing would come of it.
    error AmountOutOfBounds(uint256 amount, uint256 max);
    /// @notice `amount` falls short of `minimum`.
    error SlippageExceeded(uint256 amount, uint256 minimum);
    /// @notice `amount` exceeds what is left of the day's limit.
    error DailyLimitExceeded(uint256 amount, uint256 left);
    /// @notice `amount` exceeds what is left of the sovereign's limit.
    error SovereignLimitExceeded(address sovereign, uint256 amount, uint256 left);
    /// @notice A parameter's `value` lies outside [`lowest`, `highest`].
    error ParameterOutOfBounds(uint256 value, uint256 lowest, uint256 highest);
    /// @notice The treasury cannot be the zero address.
    error InvalidTreasury(address treasury);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param oracle_ Where prices are read.
    /// @param ft_ What is given up.
    /// @param pt_ What is received.
    /// @param registry_ Who is a sovereign.
    /// @param feeSchedule_ Where the conversion fee is read.
    /// @param treasury_ Where fees go.
    /// @param dailyLimit_ Most PT of a day.
    /// @param sovereignLimit_ Most PT of a sovereign and day.
    constructor(
        address authority_,
        IOracleNetwork oracle_,
        FoundationToken ft_,
        PaymentToken pt_,
        ParticipantRegistry registry_,
        FeeSchedule feeSchedule_,
        address treasury_,
        uint256 dailyLimit_,
        uint256 sovereignLimit_
    ) AccessManaged(authority_) {
        oracle = oracle_;
        ft = ft_;
        pt = pt_;
        registry = registry_;
        feeSchedule = feeSchedule_;
        _setTreasury(treasury_);
        _setLimits(dailyLimit_, sovereignLimit_);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Gives up FT for PT; active sovereigns.
    /// @param feed Id of the feed whose commodity it is worth.
    /// @param ftAmount FT (1e-18), approved before.
    /// @param minPt Least PT (1e-6) accepted, after the fee.
    /// @return ptAmount PT received.
    function convert(
        bytes32 feed,
        uint256 ftAmount,
        uint256 minPt
    ) external nonReentrant whenNotPaused returns (uint256 ptAmount) {
        if (!registry.isActive(msg.sender, SOVEREIGN)) revert NotASovereign(msg.sender);
        (uint256 gross, int256 answer) = _worth(feed, ftAmount);
        uint256 fee = (gross * feeSchedule.fee(FEE)) / PIPS;
        ptAmount = gross - fee;
        if (ptAmount < minPt) revert SlippageExceeded(ptAmount, minPt);
        _countToday(gross);
        totalFt += ftAmount;
        totalPt += gross;
        emit Converted(msg.sender, feed, ftAmount, answer, ptAmount, fee);
        // FT reverts where it does not move; it returns true or nothing at all.
        ft.transferFrom(msg.sender, address(this), ftAmount);
        ft.retire(ftAmount);
        pt.issue(msg.sender, ptAmount);
        if (fee != 0) pt.issue(treasury, fee);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Sets the policy of a feed. Role: GOVERNANCE.
    /// @param feed Id of a feed.
    /// @param unitsPerFt Thousandths of the unit, at most MAX_UNITS_PER_FT; 0 for not convertible.
    /// @param maxAge Seconds, in [MIN_MAX_AGE, MAX_MAX_AGE].
    function setPolicy(bytes32 feed, uint256 unitsPerFt, uint32 maxAge) external restricted {
        oracle.feedConfig(feed); // reverts where there is no such feed
        if (unitsPerFt > MAX_UNITS_PER_FT) {
            revert ParameterOutOfBounds(unitsPerFt, 0, MAX_UNITS_PER_FT);
        }
        if (maxAge < MIN_MAX_AGE || maxAge > MAX_MAX_AGE) {
            revert ParameterOutOfBounds(maxAge, MIN_MAX_AGE, MAX_MAX_AGE);
        }
        _policies[feed] = Policy(uint128(unitsPerFt), maxAge);
        emit PolicySet(feed, unitsPerFt, maxAge);
    }

    /// @notice Sets the limits of a day. Role: GOVERNANCE.
    /// @param dailyLimit_ PT (1e-6), at most MAX_LIMIT.
    /// @param sovereignLimit_ PT (1e-6), at most the daily limit.
    function setLimits(uint256 dailyLimit_, uint256 sovereignLimit_) external restricted {
        _setLimits(dailyLimit_, sovereignLimit_);
    }

    /// @notice Sets where fees go. Role: GOVERNANCE.
    /// @param newTreasury Not the zero address.
    function setTreasury(address newTreasury) external restricted {
        _setTreasury(newTreasury);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice What a conversion would bring now, before limits.
    /// @param feed Id of the feed.
    /// @param ftAmount FT (1e-18).
    /// @return ptAmount PT (1e-6) after the fee.
    function quote(bytes32 feed, uint256 ftAmount) external view returns (uint256 ptAmount) {
        (uint256 gross, ) = _worth(feed, ftAmount);
        return gross - (gross * feeSchedule.fee(FEE)) / PIPS;
    }

    /// @notice The policy of a feed.
    /// @param feed Id of a feed.
    function policy(bytes32 feed) external view returns (Policy memory) {
        return _policies[feed];
    }

    /// @notice PT (1e-6) converted on the present day.
    function convertedToday() public view returns (uint256) {
        return _ofDay[block.timestamp / DAY];
    }

    /// @notice PT (1e-6) that a sovereign converted on the present day.
    /// @param sovereign Anybody.
    function convertedTodayBy(address sovereign) public view returns (uint256) {
        return _ofSovereign[block.timestamp / DAY][sovereign];
    }

    // --- Internal ----------------------------------------------------------------------------

    function _worth(
        bytes32 feed,
        uint256 ftAmount
    ) private view returns (uint256 gross, int256 answer) {
        Policy memory p = _policies[feed];
        if (p.unitsPerFt == 0) revert NotConvertible(feed);
        uint64 updatedAt;
        (answer, updatedAt, , ) = oracle.latest(feed);
        if (block.timestamp > updatedAt + p.maxAge) revert PriceTooOld(feed, updatedAt, p.maxAge);
        if (answer <= 0) revert NonPositivePrice(feed, answer);
        if (ftAmount > MAX_AMOUNT) revert AmountOutOfBounds(ftAmount, MAX_AMOUNT);
        gross = (ftAmount * p.unitsPerFt * uint256(answer)) / 1e23;
        if (gross == 0) revert AmountOutOfBounds(ftAmount, MAX_AMOUNT);
    }

    function _countToday(uint256 amount) private {
        uint256 used = convertedToday();
        uint256 left = dailyLimit > used ? dailyLimit - used : 0;
        if (amount > left) revert DailyLimitExceeded(amount, left);
        uint256 own = convertedTodayBy(msg.sender);
        left = sovereignLimit > own ? sovereignLimit - own : 0;
        if (amount > left) revert SovereignLimitExceeded(msg.sender, amount, left);
        _ofDay[block.timestamp / DAY] = used + amount;
        _ofSovereign[block.timestamp / DAY][msg.sender] = own + amount;
    }

    function _setLimits(uint256 dailyLimit_, uint256 sovereignLimit_) private {
        if (dailyLimit_ > MAX_LIMIT) revert ParameterOutOfBounds(dailyLimit_, 0, MAX_LIMIT);
        if (sovereignLimit_ > dailyLimit_) {
            revert ParameterOutOfBounds(sovereignLimit_, 0, dailyLimit_);
        }
        (dailyLimit, sovereignLimit) = (dailyLimit_, sovereignLimit_);
        emit LimitsSet(dailyLimit_, sovereignLimit_);
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury == address(0)) revert InvalidTreasury(newTreasury);
        emit TreasurySet(treasury, newTreasury);
        treasury = newTreasury;
    }
}
