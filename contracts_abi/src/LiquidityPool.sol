// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FeeSchedule} from "./FeeSchedule.sol";
import {PriceHistory} from "./PriceHistory.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Constant-product pool of payment token and stable asset
/// @notice Trades PT against the stable asset at x * y = k; the swap fee of the schedule stays in the
/// pool. Shares are this contract's own ERC-20; a first part of them is locked for ever, so that
/// nobody can make a share worth a fortune before the second depositor comes.
/// @dev Reserves are recorded, not read from balances: a donation moves no price. Tokens that take a
/// fee on transfer are not supported. Price = stable per PT.
contract LiquidityPool is Stoppable, ERC20, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using PriceHistory for PriceHistory.History;

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Shares that the first deposit locks.
    uint256 public constant MINIMUM_LIQUIDITY = 1000;
    /// @notice Who holds the locked shares.
    address public constant LOCK = address(0xdEaD);
    uint256 private constant PIPS = 1e6;
    uint8 private constant SWAP = uint8(FeeSchedule.Kind.Swap);

    // --- State -------------------------------------------------------------------------------

    /// @notice The payment token.
    IERC20 public immutable pt;
    /// @notice The stable asset.
    IERC20 public immutable stable;
    /// @notice Where the swap fee is read.
    FeeSchedule public immutable feeSchedule;
    uint112 private _reservePt;
    uint112 private _reserveStable;
    uint32 private _updatedAt;
    uint120 private _volume;
    uint96 private _feesPaid; // the narrowest amount: 2^96 units are 7e22 of the stable asset
    uint40 private _swapCount;
    PriceHistory.History private _history;

    // --- Events ------------------------------------------------------------------------------

    /// @notice `sender` gave `amountIn` of `tokenIn`, `fee` of it kept; `to` received `amountOut`.
    event Swapped(
        address indexed sender,
        address indexed tokenIn,
        uint256 amountIn,
        uint256 amountOut,
        uint256 fee,
        address to
    );
    /// @notice `sender` deposited; `to` received `shares`.
    event LiquidityAdded(
        address indexed sender,
        address indexed to,
        uint256 ptAmount,
        uint256 stableAmount,
        uint256 shares
    );
    /// @notice `sender` gave up `shares`; `to` received both assets.
    event LiquidityRemoved(
        address indexed sender,
        address indexed to,
        uint256 ptAmount,
        uint256 stableAmount,
        uint256 shares
    );
    /// @notice The recorded reserves became these.
    event Synced(uint112 pt, uint112 stable);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `token` is not traded here.
    error UnknownToken(address token);
    /// @notice The two assets of a pool differ and neither is the zero address.
    error InvalidPair(address pt, address stable);
    /// @notice `to` is the zero address, the pool or one of its assets.
    error InvalidRecipient(address to);
    /// @notice Nothing was offered, or so little that nothing would come back.
    error InsufficientInput(uint256 amount);
    /// @notice The pool is empty.
    error NoLiquidity();
    /// @notice `amountOut` falls short of `minOut`.
    error SlippageExceeded(uint256 amountOut, uint256 minOut);
    /// @notice `shares` falls short of `minShares`.
    error InsufficientShares(uint256 shares, uint256 minShares);
    /// @notice A reserve would become `reserve`, above `max`.
    error ReserveOverflow(uint256 reserve, uint256 max);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param pt_ The payment token.
    /// @param stable_ The stable asset.
    /// @param feeSchedule_ Where the swap fee is read.
    constructor(
        address authority_,
        IERC20 pt_,
        IERC20 stable_,
        FeeSchedule feeSchedule_
    ) AccessManaged(authority_) ERC20("FICTRA PT-USD Liquidity", "PT-USD-LP") {
        if (pt_ == stable_ || address(pt_) == address(0) || address(stable_) == address(0)) {
            revert InvalidPair(address(pt_), address(stable_));
        }
        pt = pt_;
        stable = stable_;
        feeSchedule = feeSchedule_;
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Deposits both assets at the pool's ratio, no more of either than offered.
    /// @dev The first deposit sets the price. Later ones pull what their shares cost, rounded up.
    /// @param ptAmount Most PT to deposit.
    /// @param stableAmount Most of the stable asset to deposit.
    /// @param minShares Fewest shares accepted.
    /// @param to Receives the shares.
    /// @return shares Shares created.
    /// @return ptIn PT deposited.
    /// @return stableIn Stable asset deposited.
    function addLiquidity(
        uint256 ptAmount,
        uint256 stableAmount,
        uint256 minShares,
        address to
    )
        external
        nonReentrant
        whenNotPaused
        returns (uint256 shares, uint256 ptIn, uint256 stableIn)
    {
        _requireRecipient(to);
        (uint256 reservePt, uint256 reserveStable) = (_reservePt, _reserveStable);
        (shares, ptIn, stableIn) = _sharesFor(ptAmount, stableAmount, reservePt, reserveStable);
        if (shares == 0 || shares < minShares) revert InsufficientShares(shares, minShares);
        if (totalSupply() == 0) _mint(LOCK, MINIMUM_LIQUIDITY);
        _mint(to, shares);
        _sync(reservePt + ptIn, reserveStable + stableIn);
        emit LiquidityAdded(msg.sender, to, ptIn, stableIn, shares);
        pt.safeTransferFrom(msg.sender, address(this), ptIn);
        stable.safeTransferFrom(msg.sender, address(this), stableIn);
    }

    /// @notice Gives up shares for their part of both reserves, rounded down.
    /// @param shares Shares of the caller.
    /// @param minPt Least PT accepted.
    /// @param minStable Least of the stable asset accepted.
    /// @param to Receives both.
    /// @return ptOut PT paid.
    /// @return stableOut Stable asset paid.
    function removeLiquidity(
        uint256 shares,
        uint256 minPt,
        uint256 minStable,
        address to
    ) external nonReentrant whenNotPaused returns (uint256 ptOut, uint256 stableOut) {
        _requireRecipient(to);
        if (shares == 0) revert InsufficientInput(shares);
        uint256 supply = totalSupply();
        if (supply == 0) revert NoLiquidity();
        (uint256 reservePt, uint256 reserveStable) = (_reservePt, _reserveStable);
        ptOut = (shares * reservePt) / supply;
        stableOut = (shares * reserveStable) / supply;
        if (ptOut < minPt) revert SlippageExceeded(ptOut, minPt);
        if (stableOut < minStable) revert SlippageExceeded(stableOut, minStable);
        _burn(msg.sender, shares);
        _sync(reservePt - ptOut, reserveStable - stableOut);
        emit LiquidityRemoved(msg.sender, to, ptOut, stableOut, shares);
        pt.safeTransfer(to, ptOut);
        stable.safeTransfer(to, stableOut);
    }

    /// @notice Trades `amountIn` of one asset for the other.
    /// @param tokenIn Asset given; pulled from the caller, who has approved it.
    /// @param amountIn Amount given.
    /// @param minOut Least amount accepted.
    /// @param to Receives the other asset.
    /// @return amountOut Amount paid.
    function swap(
        address tokenIn,
        uint256 amountIn,
        uint256 minOut,
        address to
    ) external nonReentrant whenNotPaused returns (uint256 amountOut) {
        _requireRecipient(to);
        bool sellsPt = _sellsPt(tokenIn);
        (uint256 reservePt, uint256 reserveStable) = (_reservePt, _reserveStable);
        uint256 fee;
        if (sellsPt) {
            (amountOut, fee) = _trade(amountIn, reservePt, reserveStable);
            // The fee's worth in the stable asset at the price before the trade.
            uint256 worth = (fee * reserveStable) / reservePt;
            _count(amountOut + worth, worth);
            _sync(reservePt + amountIn, reserveStable - amountOut);
        } else {
            (amountOut, fee) = _trade(amountIn, reserveStable, reservePt);
            _count(amountIn, fee);
            _sync(reservePt - amountOut, reserveStable + amountIn);
        }
        if (amountOut < minOut) revert SlippageExceeded(amountOut, minOut);
        emit Swapped(msg.sender, tokenIn, amountIn, amountOut, fee, to);
        IERC20(tokenIn).safeTransferFrom(msg.sender, address(this), amountIn);
        (sellsPt ? stable : pt).safeTransfer(to, amountOut);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice What a trade would pay now.
    /// @param tokenIn Asset given.
    /// @param amountIn Amount given.
    /// @return amountOut Amount paid.
    function quote(address tokenIn, uint256 amountIn) external view returns (uint256 amountOut) {
        (uint256 reservePt, uint256 reserveStable) = (_reservePt, _reserveStable);
        (amountOut, ) = _sellsPt(tokenIn)
            ? _trade(amountIn, reservePt, reserveStable)
            : _trade(amountIn, reserveStable, reservePt);
    }

    /// @notice The recorded reserves.
    /// @return ptReserve PT, units of 1e-6.
    /// @return stableReserve Stable asset, units of 1e-6.
    /// @return updatedAt Unix seconds at which they last changed.
    function reserves()
        external
        view
        returns (uint112 ptReserve, uint112 stableReserve, uint32 updatedAt)
    {
        return (_reservePt, _reserveStable, _updatedAt);
    }

    /// @notice Price accumulators as of now: sums of price times seconds, which wrap around. Two
    /// readings give the average between them: their difference over the seconds between, in
    /// `PriceHistory.ONE` = 1.00.
    /// @return ptCumulative Stable asset per PT.
    /// @return stableCumulative PT per stable asset.
    /// @return timestamp Unix seconds of this block.
    function cumulativePrices()
        external
        view
        returns (uint112 ptCumulative, uint112 stableCumulative, uint32 timestamp)
    {
        (ptCumulative, stableCumulative) = _history.now_(_reservePt, _reserveStable, _updatedAt);
        timestamp = uint32(block.timestamp);
    }

    /// @notice Time-weighted average price of PT in the stable asset, eight decimals.
    /// @param window Seconds to look back; the average begins at the last observation before.
    /// @return price Average, eight decimals.
    /// @return from Unix seconds at which the average begins.
    function consult(uint32 window) external view returns (uint256 price, uint32 from) {
        return _history.consult(window, _reservePt, _reserveStable, _updatedAt);
    }

    /// @notice Stable asset's leg of all trades, fees included, units of 1e-6.
    function volume() external view returns (uint256) {
        return _volume;
    }

    /// @notice Fees of all trades in the stable asset, units of 1e-6; those taken in PT at the price
    /// before their trade.
    function feesPaid() external view returns (uint256) {
        return _feesPaid;
    }

    /// @notice Number of trades.
    function swapCount() external view returns (uint256) {
        return _swapCount;
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    // --- Internal ----------------------------------------------------------------------------

    /// @dev The fee is rounded up, the payment down: both in the pool's favour.
    function _trade(
        uint256 amountIn,
        uint256 reserveIn,
        uint256 reserveOut
    ) private view returns (uint256 amountOut, uint256 fee) {
        if (reserveIn == 0 || reserveOut == 0) revert NoLiquidity();
        if (amountIn > type(uint112).max) revert ReserveOverflow(amountIn, type(uint112).max);
        uint256 pips = feeSchedule.fee(SWAP);
        unchecked {
            fee = (amountIn * pips + (PIPS - 1)) / PIPS;
        }
        uint256 net = amountIn - fee; // checked: a schedule that charges more than all is refused
        unchecked {
            amountOut = (net * reserveOut) / (reserveIn + net); // amounts are below 2^112
        }
        if (amountOut == 0) revert InsufficientInput(amountIn);
    }

    function _sharesFor(
        uint256 ptAmount,
        uint256 stableAmount,
        uint256 reservePt,
        uint256 reserveStable
    ) private view returns (uint256 shares, uint256 ptIn, uint256 stableIn) {
        if (ptAmount == 0 || ptAmount > type(uint112).max) revert InsufficientInput(ptAmount);
        if (stableAmount == 0 || stableAmount > type(uint112).max) {
            revert InsufficientInput(stableAmount);
        }
        uint256 supply = totalSupply();
        if (supply == 0) {
            uint256 root = Math.sqrt(ptAmount * stableAmount);
            shares = root > MINIMUM_LIQUIDITY ? root - MINIMUM_LIQUIDITY : 0;
            return (shares, ptAmount, stableAmount);
        }
        shares = Math.min(
            (ptAmount * supply) / reservePt,
            (stableAmount * supply) / reserveStable
        );
        ptIn = Math.ceilDiv(shares * reservePt, supply);
        stableIn = Math.ceilDiv(shares * reserveStable, supply);
    }

    function _sync(uint256 newPt, uint256 newStable) private {
        uint256 larger = newPt > newStable ? newPt : newStable;
        if (larger > type(uint112).max) revert ReserveOverflow(larger, type(uint112).max);
        uint32 updatedAt = _updatedAt;
        if (updatedAt != block.timestamp) _history.record(_reservePt, _reserveStable, updatedAt);
        _reservePt = uint112(newPt);
        _reserveStable = uint112(newStable);
        _updatedAt = uint32(block.timestamp);
        emit Synced(uint112(newPt), uint112(newStable));
    }

    function _count(uint256 traded, uint256 fee) private {
        _volume = (_volume + traded).toUint120();
        _feesPaid = (_feesPaid + fee).toUint96();
        _swapCount += 1;
    }

    function _sellsPt(address token) private view returns (bool) {
        if (token == address(pt)) return true;
        if (token == address(stable)) return false;
        revert UnknownToken(token);
    }

    function _requireRecipient(address to) private view {
        if (
            to == address(0) || to == address(this) || to == address(pt) || to == address(stable)
        ) revert InvalidRecipient(to);
    }

    /// @dev Shares move only while the pool runs.
    function _update(address from, address to, uint256 value) internal override whenNotPaused {
        super._update(from, to, value);
    }
}
