// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {ParticipantRegistry} from "./ParticipantRegistry.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title What the reserve holds, and how it is moved into policy
/// @notice The stable asset is held as tokens; bills and gold lie with custodians and are book
/// entries, each attested by the auditor against a document, for a time. Policy gives each asset a
/// weight; the manager moves the reserve towards it in slices: limited in size, spaced in time, each
/// bought or sold through an active custodian and booked when the auditor confirms what came of it.
/// @dev Amounts of stable and bills are 1e-6 USD of face value, of gold 1e-6 troy ounces. An asset
/// without a feed is worth 1.00 a unit. An attestation that ran out is worth nothing.
abstract contract ReserveAssets is Stoppable {
    using SafeERC20 for IERC20;

    // --- Types -------------------------------------------------------------------------------

    /// @notice What the reserve consists of; the ABI carries it as uint8.
    enum Asset {
        Stable,
        Bills,
        Gold
    }

    /// @notice All there is about an asset.
    /// @param amount Units of 1e-6, as booked.
    /// @param attestedAt Unix seconds of the last attestation; 0 for the stable asset.
    /// @param expiry Unix seconds at which that runs out.
    /// @param weight Policy, pips of the whole.
    /// @param feed Id of the feed that prices a unit; 0 for 1.00.
    /// @param document Hash of what the attestation rests on.
    struct Holding {
        uint128 amount;
        uint48 attestedAt;
        uint48 expiry;
        uint32 weight;
        bytes32 feed;
        bytes32 document;
    }

    /// @notice A part of the reserve on its way from one asset to another.
    /// @param from Asset given.
    /// @param to Asset bought.
    /// @param openedAt Unix seconds; 0 where there is none.
    /// @param custodian Who carries it out.
    /// @param amountIn Given, units of 1e-6.
    /// @param minOut Least that must come of it, units of 1e-6.
    struct Slice {
        Asset from;
        Asset to;
        uint48 openedAt;
        address custodian;
        uint128 amountIn;
        uint128 minOut;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Number of assets.
    uint8 public constant ASSETS = 3;
    /// @notice Longest time for which an attestation holds.
    uint48 public constant MAX_ATTESTATION = 100 days;
    /// @notice No amount of an asset can be above this: 1e12 units.
    uint256 public constant MAX_AMOUNT = 1e18;
    /// @notice Largest part of an asset that one slice moves: a quarter, pips.
    uint32 public constant MAX_SLICE = 250_000;
    /// @notice Largest loss against oracle prices that a slice may allow: 5 %, pips.
    uint32 public constant MAX_SLIPPAGE = 50_000;
    /// @notice Longest time between slices.
    uint32 public constant MAX_SPACING = 7 days;
    uint256 internal constant PIPS = 1e6;
    uint256 private constant DECIMALS = 1e8;
    uint8 private constant CUSTODIAN = 8; // of ParticipantRegistry

    // --- State -------------------------------------------------------------------------------

    /// @notice The stable asset.
    IERC20 public immutable stable;
    /// @notice Where prices are read.
    IOracleNetwork public immutable oracle;
    /// @notice Who is a custodian or a redeemer.
    ParticipantRegistry public immutable registry;
    /// @notice Part of an asset that one slice moves at most, pips.
    uint32 public sliceLimit;
    /// @notice Loss against oracle prices that a slice may allow, pips.
    uint32 public slippageLimit;
    /// @notice Seconds between slices at least.
    uint32 public sliceSpacing;
    /// @notice Unix seconds of the last slice.
    uint48 public lastSliceAt;
    /// @notice Slices that were ever opened; their ids count from 1.
    uint256 public sliceCount;
    Holding[ASSETS] private _holdings;
    uint128[ASSETS] private _inTransit;
    mapping(uint256 id => Slice) private _slices;

    // --- Events ------------------------------------------------------------------------------

    /// @notice The amount of an asset became `amount`.
    event HoldingChanged(uint8 indexed asset, uint256 oldAmount, uint256 amount);
    /// @notice The auditor attested `amount` of an asset, until `expiry`.
    event HoldingAttested(
        uint8 indexed asset,
        uint256 amount,
        bytes32 indexed document,
        uint48 expiry,
        address indexed by
    );
    /// @notice Weights of the assets were set, pips.
    event WeightsSet(uint32 stable, uint32 bills, uint32 gold);
    /// @notice The feed that prices an asset was set.
    event AssetFeedSet(uint8 indexed asset, bytes32 indexed feed);
    /// @notice Limits of slices were set.
    event SliceLimitsSet(uint32 sliceLimit, uint32 slippageLimit, uint32 spacing);
    /// @notice A slice left for the custodian.
    event SliceOpened(
        uint256 indexed id,
        uint8 indexed from,
        uint8 indexed to,
        address custodian,
        uint256 amountIn,
        uint256 minOut
    );
    /// @notice A slice arrived as `amountOut`.
    event SliceBooked(uint256 indexed id, uint256 amountOut, address indexed by);
    /// @notice A slice came back as it went.
    event SliceReturned(uint256 indexed id, uint256 amountIn, address indexed by);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice There is no such asset, or this cannot be done with it.
    error UnknownAsset(uint8 asset);
    /// @notice `value` lies outside [`lowest`, `highest`].
    error ParameterOutOfBounds(uint256 value, uint256 lowest, uint256 highest);
    /// @notice The weights add up to `sum`, not to a million pips.
    error WeightsDoNotAddUp(uint256 sum);
    /// @notice The reserve holds `amount` of an asset, less than `wanted`.
    error HoldingTooSmall(uint8 asset, uint256 amount, uint256 wanted);
    /// @notice The last attestation of an asset ran out at `expiry`.
    error AttestationExpired(uint8 asset, uint48 expiry);
    /// @notice At the price `answer` an asset is worth nothing.
    error NonPositivePrice(bytes32 feed, int256 answer);
    /// @notice `account` is no active custodian.
    error NotACustodian(address account);
    /// @notice The next slice is due at `notBefore`.
    error SliceTooSoon(uint256 notBefore);
    /// @notice `amount` falls short of `minimum`, or of what limits allow.
    error SliceOutOfBounds(uint256 amount, uint256 minimum, uint256 maximum);
    /// @notice There is no open slice of this number.
    error UnknownSlice(uint256 id);

    // --- Construction ------------------------------------------------------------------------

    /// @param stable_ The stable asset.
    /// @param oracle_ Where prices are read.
    /// @param registry_ Who is a custodian or a redeemer.
    constructor(IERC20 stable_, IOracleNetwork oracle_, ParticipantRegistry registry_) {
        (stable, oracle, registry) = (stable_, oracle_, registry_);
        _holdings[0].weight = uint32(PIPS);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Attests what the custodians hold of an asset; the booked amount follows.
    /// Role: ATTESTOR.
    /// @param asset Bills or gold.
    /// @param amount Units of 1e-6, without what is in transit.
    /// @param document Hash of the statement.
    /// @param expiry Unix seconds, after now and at most MAX_ATTESTATION ahead.
    function attest(
        uint8 asset,
        uint256 amount,
        bytes32 document,
        uint48 expiry
    ) external restricted {
        if (asset == uint8(Asset.Stable)) revert UnknownAsset(asset);
        Holding storage h = _holding(asset);
        _bounded(expiry, block.timestamp + 1, block.timestamp + MAX_ATTESTATION);
        (h.attestedAt, h.expiry, h.document) = (uint48(block.timestamp), expiry, document);
        emit HoldingAttested(asset, amount, document, expiry, msg.sender);
        _book(asset, amount);
    }

    /// @notice Sends a part of an asset to a custodian, who buys another with it.
    /// Role: RESERVE_MANAGER.
    /// @param from Asset given.
    /// @param to Asset bought.
    /// @param amountIn Units of 1e-6.
    /// @param minOut Least that must come of it; no worse than the slippage limit.
    /// @param custodian Active custodian; receives the tokens where the stable asset is given.
    /// @return id Number of the slice.
    function openSlice(
        uint8 from,
        uint8 to,
        uint256 amountIn,
        uint256 minOut,
        address custodian
    ) external restricted whenNotPaused returns (uint256 id) {
        if (from == to) revert UnknownAsset(to);
        if (!registry.isActive(custodian, CUSTODIAN)) revert NotACustodian(custodian);
        uint256 notBefore = uint256(lastSliceAt) + sliceSpacing;
        if (lastSliceAt != 0 && block.timestamp < notBefore) revert SliceTooSoon(notBefore);
        uint256 held = _requireAttested(from);
        uint256 most = (held * sliceLimit) / PIPS;
        if (amountIn == 0 || amountIn > most) revert SliceOutOfBounds(amountIn, 1, most);
        uint256 fair = (amountIn * _price(from)) / _price(to);
        uint256 least = (fair * (PIPS - slippageLimit)) / PIPS;
        if (minOut < least || minOut > MAX_AMOUNT) revert SliceOutOfBounds(minOut, least, MAX_AMOUNT);
        lastSliceAt = uint48(block.timestamp);
        id = ++sliceCount;
        _slices[id] = Slice(
            Asset(from), Asset(to), uint48(block.timestamp), custodian, uint128(amountIn), uint128(minOut)
        );
        _inTransit[from] += uint128(amountIn);
        emit SliceOpened(id, from, to, custodian, amountIn, minOut);
        _book(from, held - amountIn);
        if (from == uint8(Asset.Stable)) stable.safeTransfer(custodian, amountIn);
    }

    /// @notice Books what came of a slice. Role: ATTESTOR.
    /// @dev Where the stable asset was bought, the custodian has approved it and it is pulled.
    /// @param id Number of an open slice.
    /// @param amountOut Units of 1e-6, at least the slice's minimum.
    function bookSlice(uint256 id, uint256 amountOut) external restricted {
        Slice memory s = _closed(id);
        if (amountOut < s.minOut || amountOut > MAX_AMOUNT) {
            revert SliceOutOfBounds(amountOut, s.minOut, MAX_AMOUNT);
        }
        emit SliceBooked(id, amountOut, msg.sender);
        _arrive(uint8(s.to), amountOut, s.custodian);
    }

    /// @notice Books a slice back that nothing came of. Role: ATTESTOR.
    /// @param id Number of an open slice.
    function returnSlice(uint256 id) external restricted {
        Slice memory s = _closed(id);
        emit SliceReturned(id, s.amountIn, msg.sender);
        _arrive(uint8(s.from), s.amountIn, s.custodian);
    }

    /// @notice Sets the policy weights, which add up to a million pips. Role: GOVERNANCE.
    /// @param weights Pips of stable asset, bills and gold.
    function setWeights(uint32[ASSETS] calldata weights) external restricted {
        uint256 sum = uint256(weights[0]) + weights[1] + weights[2];
        if (sum != PIPS) revert WeightsDoNotAddUp(sum);
        for (uint8 asset; asset < ASSETS; ++asset) _holdings[asset].weight = weights[asset];
        emit WeightsSet(weights[0], weights[1], weights[2]);
    }

    /// @notice Sets the feed that prices an asset. Role: GOVERNANCE.
    /// @param asset Any asset.
    /// @param feed Id of a feed; 0 for 1.00.
    function setAssetFeed(uint8 asset, bytes32 feed) external restricted {
        if (feed != 0) oracle.feedConfig(feed); // reverts where there is no such feed
        _holding(asset).feed = feed;
        emit AssetFeedSet(asset, feed);
    }

    /// @notice Sets the limits of slices. Role: GOVERNANCE.
    /// @param sliceLimit_ Pips of the asset given, in [1, MAX_SLICE].
    /// @param slippageLimit_ Pips, at most MAX_SLIPPAGE.
    /// @param spacing Seconds, at most MAX_SPACING.
    function setSliceLimits(
        uint32 sliceLimit_,
        uint32 slippageLimit_,
        uint32 spacing
    ) external restricted {
        _setSliceLimits(sliceLimit_, slippageLimit_, spacing);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice All there is about an asset.
    /// @param asset Any asset.
    function holding(uint8 asset) external view returns (Holding memory) {
        return _holding(asset);
    }

    /// @notice A slice; zeros where there is none that is open.
    /// @param id Number of the slice.
    function slice(uint256 id) external view returns (Slice memory) {
        return _slices[id];
    }

    /// @notice What is on its way out of an asset, units of 1e-6.
    /// @param asset Any asset.
    function inTransit(uint8 asset) external view returns (uint256) {
        _holding(asset);
        return _inTransit[asset];
    }

    /// @notice What an asset is worth at its feed's fresh price, 1e-6 USD; nothing where its
    /// attestation ran out.
    /// @param asset Any asset.
    function valueOf(uint8 asset) public view returns (uint256) {
        Holding storage h = _holding(asset);
        if (h.amount == 0) return 0;
        if (asset != uint8(Asset.Stable) && block.timestamp >= h.expiry) return 0;
        return (h.amount * _price(asset)) / DECIMALS;
    }

    /// @notice What the reserve is worth, 1e-6 USD, without what is in transit.
    function totalValue() public view returns (uint256 value) {
        for (uint8 asset; asset < ASSETS; ++asset) value += valueOf(asset);
    }

    // --- Internal ----------------------------------------------------------------------------

    function _holding(uint8 asset) internal view returns (Holding storage) {
        if (asset >= ASSETS) revert UnknownAsset(asset);
        return _holdings[asset];
    }

    /// @dev The amount of an asset, which somebody must have seen lately.
    function _requireAttested(uint8 asset) private view returns (uint256) {
        Holding storage h = _holding(asset);
        if (asset != uint8(Asset.Stable) && block.timestamp >= h.expiry) {
            revert AttestationExpired(asset, h.expiry);
        }
        return h.amount;
    }

    /// @dev USD for a unit, eight decimals.
    function _price(uint8 asset) internal view returns (uint256) {
        bytes32 feed = _holdings[asset].feed;
        if (feed == 0) return DECIMALS;
        int256 answer = oracle.fresh(feed);
        if (answer <= 0) revert NonPositivePrice(feed, answer);
        return uint256(answer);
    }

    function _book(uint8 asset, uint256 amount) internal {
        if (amount > MAX_AMOUNT) revert ParameterOutOfBounds(amount, 0, MAX_AMOUNT);
        Holding storage h = _holdings[asset];
        emit HoldingChanged(asset, h.amount, amount);
        h.amount = uint128(amount);
    }

    function _closed(uint256 id) private returns (Slice memory s) {
        s = _slices[id];
        if (s.openedAt == 0) revert UnknownSlice(id);
        delete _slices[id];
        _inTransit[uint8(s.from)] -= s.amountIn;
    }

    function _arrive(uint8 asset, uint256 amount, address custodian) private {
        _book(asset, _holdings[asset].amount + amount);
        if (asset == uint8(Asset.Stable)) {
            stable.safeTransferFrom(custodian, address(this), amount);
        }
    }

    function _setSliceLimits(
        uint32 sliceLimit_,
        uint32 slippageLimit_,
        uint32 spacing
    ) internal {
        _bounded(sliceLimit_, 1, MAX_SLICE);
        _bounded(slippageLimit_, 0, MAX_SLIPPAGE);
        _bounded(spacing, 0, MAX_SPACING);
        (sliceLimit, slippageLimit, sliceSpacing) = (sliceLimit_, slippageLimit_, spacing);
        emit SliceLimitsSet(sliceLimit_, slippageLimit_, spacing);
    }

    function _bounded(uint256 value, uint256 lowest, uint256 highest) internal pure {
        if (value < lowest || value > highest) {
            revert ParameterOutOfBounds(value, lowest, highest);
        }
    }
}
