// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FeeSchedule} from "./FeeSchedule.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {ParticipantRegistry} from "./ParticipantRegistry.sol";
import {PaymentToken} from "./PaymentToken.sol";
import {ReserveAssets} from "./ReserveAssets.sol";

/// @title The reserve behind the payment token
/// @notice Authorised redeemers mint PT against the stable asset and redeem PT for it, at the oracle's
/// price of the stable asset (PT counts as 1.00 USD), less the fee, within opening hours and a limit
/// for each day and each redeemer. The more is redeemed on a day, the larger the haircut: a tier
/// begins at a part of the supply.
/// @dev `accounted` stable assets never exceed the balance; a donation counts for nothing. Haircuts
/// stay in the reserve, fees go to the treasury.
contract Reserve is ReserveAssets, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // --- Types -------------------------------------------------------------------------------

    /// @notice From `from` (pips of the supply at the start of the day) on, `haircut` pips are kept.
    struct Tier {
        uint32 from;
        uint32 haircut;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Most tiers there can be.
    uint256 public constant MAX_TIERS = 4;
    /// @notice No haircut can be above this: 20 %, pips.
    uint32 public constant MAX_HAIRCUT = 200_000;
    /// @notice No limit of a day can be above this: 1e12 PT.
    uint256 public constant MAX_LIMIT = 1e18;
    /// @notice A day of the limits, seconds; days begin at 00:00 UTC.
    uint256 public constant DAY = 1 days;
    uint8 private constant FEE = uint8(FeeSchedule.Kind.Redemption);
    uint8 private constant STABLE = uint8(Asset.Stable);
    uint8 private constant REDEEMER = 16; // of ParticipantRegistry

    // --- State -------------------------------------------------------------------------------

    /// @notice The payment token; this contract needs its MINTER role.
    PaymentToken public immutable pt;
    /// @notice Where the redemption fee is read.
    FeeSchedule public immutable feeSchedule;
    /// @notice Where fees go.
    address public treasury;
    /// @notice Whether the reserve is within its opening hours.
    bool public isOpen;
    /// @notice Most PT (1e-6) that all redeem on a day.
    uint256 public dailyLimit;
    /// @notice Most PT (1e-6) that one redeemer redeems on a day.
    uint256 public redeemerLimit;
    /// @notice PT (1e-6) that was ever redeemed here.
    uint256 public totalRedeemed;
    /// @notice PT (1e-6) that was ever minted here.
    uint256 public totalMinted;
    Tier[] private _tiers;
    uint64 private _day;
    uint192 private _supplyOfDay;
    mapping(uint256 day => uint256) private _ofDay;
    mapping(uint256 day => mapping(address redeemer => uint256)) private _ofRedeemer;

    // --- Events ------------------------------------------------------------------------------

    /// @notice `redeemer` gave `ptAmount` for `stableAmount`; `haircut` and `fee` are in stable.
    event Redeemed(
        address indexed redeemer,
        uint256 ptAmount,
        uint256 stableAmount,
        uint256 haircut,
        uint256 fee
    );
    /// @notice `redeemer` gave `stableAmount` for `ptAmount`.
    event MintedAgainst(address indexed redeemer, uint256 stableAmount, uint256 ptAmount);
    /// @notice `by` added to the stable asset of the reserve, for nothing.
    event Deposited(address indexed by, uint256 stableAmount);
    /// @notice The reserve opened or closed.
    event OpenSet(bool open, address indexed by);
    /// @notice The limits of a day were set.
    event RedemptionLimitsSet(uint256 dailyLimit, uint256 redeemerLimit);
    /// @notice The tiers of haircuts were set.
    event TiersSet(Tier[] tiers);
    /// @notice Where fees go was set.
    event TreasurySet(address indexed oldTreasury, address indexed newTreasury);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `caller` is no active redeemer.
    error NotARedeemer(address caller);
    /// @notice The reserve is closed.
    error Closed();
    /// @notice `amount` is zero, or so little that nothing would come of it.
    error AmountTooSmall(uint256 amount);
    /// @notice `amount` falls short of `minimum`.
    error SlippageExceeded(uint256 amount, uint256 minimum);
    /// @notice `amount` exceeds what is left of the day's limit.
    error DailyLimitExceeded(uint256 amount, uint256 left);
    /// @notice `amount` exceeds what is left of the redeemer's limit.
    error RedeemerLimitExceeded(address redeemer, uint256 amount, uint256 left);
    /// @notice Tiers rise, in their beginning and in their haircut, and there are few.
    error InvalidTiers(uint256 at);
    /// @notice The treasury cannot be the zero address or this contract.
    error InvalidTreasury(address treasury);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param pt_ The payment token.
    /// @param stable_ The stable asset.
    /// @param oracle_ Where prices are read.
    /// @param registry_ Who is a redeemer.
    /// @param feeSchedule_ Where the redemption fee is read.
    /// @param treasury_ Where fees go.
    constructor(
        address authority_,
        PaymentToken pt_,
        IERC20 stable_,
        IOracleNetwork oracle_,
        ParticipantRegistry registry_,
        FeeSchedule feeSchedule_,
        address treasury_
    ) AccessManaged(authority_) ReserveAssets(stable_, oracle_, registry_) {
        pt = pt_;
        feeSchedule = feeSchedule_;
        isOpen = true;
        _setTreasury(treasury_);
        _setSliceLimits(MAX_SLICE / 5, MAX_SLIPPAGE / 5, 1 hours);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Redeems PT for the stable asset; active redeemers, within opening hours.
    /// @param ptAmount PT (1e-6), approved before.
    /// @param minStable Least of the stable asset accepted.
    /// @return stableAmount Stable asset paid.
    function redeem(
        uint256 ptAmount,
        uint256 minStable
    ) external nonReentrant whenNotPaused returns (uint256 stableAmount) {
        _requireRedeemer();
        _countToday(ptAmount);
        uint256 gross = (ptAmount * 1e8) / _price(STABLE);
        uint256 haircut = (gross * haircutNow()) / PIPS;
        uint256 fee = ((gross - haircut) * feeSchedule.fee(FEE)) / PIPS;
        stableAmount = gross - haircut - fee;
        if (stableAmount == 0) revert AmountTooSmall(ptAmount);
        if (stableAmount < minStable) revert SlippageExceeded(stableAmount, minStable);
        uint256 held = _holding(STABLE).amount;
        uint256 leaves = stableAmount + fee;
        if (leaves > held) revert HoldingTooSmall(STABLE, held, leaves);
        totalRedeemed += ptAmount;
        _book(STABLE, held - leaves);
        emit Redeemed(msg.sender, ptAmount, stableAmount, haircut, fee);
        IERC20(address(pt)).safeTransferFrom(msg.sender, address(this), ptAmount);
        pt.retire(ptAmount);
        stable.safeTransfer(msg.sender, stableAmount);
        if (fee != 0) stable.safeTransfer(treasury, fee);
    }

    /// @notice Mints PT against the stable asset; active redeemers, within opening hours.
    /// @param stableAmount Stable asset (1e-6), approved before.
    /// @param minPt Least PT accepted.
    /// @return ptAmount PT minted.
    function mint(
        uint256 stableAmount,
        uint256 minPt
    ) external nonReentrant whenNotPaused returns (uint256 ptAmount) {
        _requireRedeemer();
        uint256 price = _price(STABLE);
        // Above 1.00 the stable asset still mints one for one: the reserve never gives away par.
        ptAmount = price < 1e8 ? (stableAmount * price) / 1e8 : stableAmount;
        if (ptAmount == 0) revert AmountTooSmall(stableAmount);
        if (ptAmount < minPt) revert SlippageExceeded(ptAmount, minPt);
        totalMinted += ptAmount;
        _book(STABLE, _holding(STABLE).amount + stableAmount);
        emit MintedAgainst(msg.sender, stableAmount, ptAmount);
        stable.safeTransferFrom(msg.sender, address(this), stableAmount);
        pt.issue(msg.sender, ptAmount);
    }

    /// @notice Adds to the stable asset of the reserve, for nothing; anybody.
    /// @param stableAmount Stable asset (1e-6), approved before.
    function deposit(uint256 stableAmount) external nonReentrant whenNotPaused {
        if (stableAmount == 0) revert AmountTooSmall(stableAmount);
        _book(STABLE, _holding(STABLE).amount + stableAmount);
        emit Deposited(msg.sender, stableAmount);
        stable.safeTransferFrom(msg.sender, address(this), stableAmount);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Opens or closes the reserve. Role: RESERVE_MANAGER.
    /// @param open Whether it is open from now on.
    function setOpen(bool open) external restricted {
        isOpen = open;
        emit OpenSet(open, msg.sender);
    }

    /// @notice Sets the limits of a day. Role: GOVERNANCE.
    /// @param dailyLimit_ PT (1e-6), at most MAX_LIMIT.
    /// @param redeemerLimit_ PT (1e-6), at most the daily limit.
    function setRedemptionLimits(uint256 dailyLimit_, uint256 redeemerLimit_) external restricted {
        _bounded(dailyLimit_, 0, MAX_LIMIT);
        _bounded(redeemerLimit_, 0, dailyLimit_);
        (dailyLimit, redeemerLimit) = (dailyLimit_, redeemerLimit_);
        emit RedemptionLimitsSet(dailyLimit_, redeemerLimit_);
    }

    /// @notice Sets the tiers of haircuts. Role: GOVERNANCE.
    /// @param list At most MAX_TIERS, rising; none for no haircut.
    function setTiers(Tier[] calldata list) external restricted {
        if (list.length > MAX_TIERS) revert InvalidTiers(list.length);
        delete _tiers;
        for (uint256 i; i < list.length; ++i) {
            Tier calldata t = list[i];
            if (t.haircut > MAX_HAIRCUT || t.from > PIPS) revert InvalidTiers(i);
            if (i != 0 && (t.from <= list[i - 1].from || t.haircut < list[i - 1].haircut)) {
                revert InvalidTiers(i);
            }
            _tiers.push(t);
        }
        emit TiersSet(list);
    }

    /// @notice Sets where fees go. Role: GOVERNANCE.
    /// @param newTreasury Neither the zero address nor this contract.
    function setTreasury(address newTreasury) external restricted {
        _setTreasury(newTreasury);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice The reserve's worth for each PT, pips: a million is full coverage.
    function coverage() external view returns (uint256) {
        uint256 supply = pt.totalSupply();
        return supply == 0 ? PIPS : (totalValue() * PIPS) / supply;
    }

    /// @notice The tiers of haircuts.
    function tiers() external view returns (Tier[] memory) {
        return _tiers;
    }

    /// @notice PT (1e-6) redeemed on the present day.
    function redeemedToday() public view returns (uint256) {
        return _ofDay[block.timestamp / DAY];
    }

    /// @notice PT (1e-6) that a redeemer redeemed on the present day.
    /// @param redeemer Anybody.
    function redeemedTodayBy(address redeemer) public view returns (uint256) {
        return _ofRedeemer[block.timestamp / DAY][redeemer];
    }

    /// @notice The haircut at what was redeemed today, pips.
    function haircutNow() public view returns (uint256 haircut) {
        uint256 supply = _day == block.timestamp / DAY ? _supplyOfDay : pt.totalSupply();
        uint256 redeemed = redeemedToday();
        for (uint256 i; i < _tiers.length; ++i) {
            if (redeemed * PIPS < uint256(_tiers[i].from) * supply) break;
            haircut = _tiers[i].haircut;
        }
    }

    // --- Internal ----------------------------------------------------------------------------

    function _requireRedeemer() private view {
        if (!registry.isActive(msg.sender, REDEEMER)) revert NotARedeemer(msg.sender);
        if (!isOpen) revert Closed();
    }

    function _countToday(uint256 amount) private {
        uint256 today = block.timestamp / DAY;
        if (_day != today) (_day, _supplyOfDay) = (uint64(today), uint192(pt.totalSupply()));
        uint256 used = _ofDay[today];
        uint256 left = dailyLimit > used ? dailyLimit - used : 0;
        if (amount > left) revert DailyLimitExceeded(amount, left);
        uint256 own = _ofRedeemer[today][msg.sender];
        left = redeemerLimit > own ? redeemerLimit - own : 0;
        if (amount > left) revert RedeemerLimitExceeded(msg.sender, amount, left);
        _ofDay[today] = used + amount;
        _ofRedeemer[today][msg.sender] = own + amount;
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury == address(0) || newTreasury == address(this)) {
            revert InvalidTreasury(newTreasury);
        }
        emit TreasurySet(treasury, newTreasury);
        treasury = newTreasury;
    }
}
