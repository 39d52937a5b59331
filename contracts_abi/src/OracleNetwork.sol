// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {OracleExports} from "./OracleExports.sol";
import {OracleStaking} from "./OracleStaking.sol";
import {Reports} from "./Reports.sol";

/// @title Price feeds and export attestations by a network of nodes
/// @notice Up to 31 nodes report prices (eight decimals, negative ones included) and attest exports.
/// A feed's answer is the median of the fresh reports once a quorum of nodes has one; an export is
/// verified once m nodes attested the same quantity.
/// @dev Gas and opcodes matter: seven nodes submit some 90 times a day each. The roster of nodes is
/// one word, a feed is three slots, a report one. The bases keep the nodes, what they stake and earn,
/// and the attestations; here are the prices.
contract OracleNetwork is OracleExports {
    using Reports for int256;

    // --- Types -------------------------------------------------------------------------------

    /// @dev Configuration and present answer, in three slots; |answer| <= MAX_ANSWER < 2^127. A feed
    /// exists when its quorum is not zero.
    struct Feed {
        int128 minAnswer;
        int128 maxAnswer;
        uint32 heartbeat;
        uint32 deviationPips;
        uint32 maxAge;
        uint8 quorum;
        int128 answer;
        uint64 updatedAt;
        uint56 roundId;
        uint8 reporters;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @dev No bound of a feed can be further from zero than this, eight decimals.
    int192 internal constant MAX_ANSWER = 1e30;
    /// @dev Shortest heartbeat, seconds.
    uint32 internal constant MIN_HEARTBEAT = 60;
    /// @dev Longest heartbeat, seconds.
    uint32 internal constant MAX_HEARTBEAT = 7 days;
    /// @dev Smallest deviation threshold, pips: 0.01 %.
    uint32 internal constant MIN_DEVIATION = 100;
    /// @dev Largest deviation threshold, pips: 20 %.
    uint32 internal constant MAX_DEVIATION = 200_000;
    /// @dev Longest time for which a report may count, seconds.
    uint32 internal constant MAX_MAX_AGE = 30 days;

    // --- State -------------------------------------------------------------------------------

    mapping(bytes32 feed => Feed) private _feeds;
    mapping(bytes32 feed => int256[MAX_NODES] byPlace) private _reports;

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param pt_ The payment token: stakes, rewards and bonds.
    /// @param attestationQuorum_ Attestations that verify an export.
    /// @param challengeWindow_ Seconds for which an accepted export can be challenged.
    /// @param challengeBond_ First bond of a dispute, PT (1e-6).
    constructor(
        address authority_,
        IERC20 pt_,
        uint8 attestationQuorum_,
        uint32 challengeWindow_,
        uint256 challengeBond_
    ) AccessManaged(authority_) OracleStaking(pt_) {
        _setAttestationQuorum(attestationQuorum_);
        _setChallenge(challengeWindow_, challengeBond_);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Reports a price; nodes only.
    /// @dev A report is due when the heartbeat is over, or when it left the deviation band around the
    /// accepted answer or around the node's own last report: after a jump every node follows, so
    /// that no stale report is left to pull the median back.
    /// @param feed Id of the feed.
    /// @param answer Price, eight decimals.
    /// @param observedAt Unix seconds at which the node saw it.
    function submit(bytes32 feed, int192 answer, uint64 observedAt) external whenNotPaused {
        uint256 place = _place[msg.sender];
        if (place == 0) revert NotANode(msg.sender);
        unchecked {
            --place;
        }
        uint256 roster = _roster;
        uint8 generation = uint8(roster >> (place << 3));
        bool counts = generation != 0;
        if (!counts) generation = _generationOf(place);
        Feed storage f = _feeds[feed];
        (uint256 heartbeat, uint256 deviationPips) = (f.heartbeat, f.deviationPips);
        (uint256 maxAge, uint256 quorum) = (f.maxAge, f.quorum);
        (int256 lowest, int256 highest) = (f.minAnswer, f.maxAnswer);
        (int256 current, uint64 roundId) = (f.answer, f.roundId);
        if (quorum == 0) revert UnknownFeed(feed);
        _requireAcceptable(feed, answer, observedAt, lowest, highest, maxAge);

        int256[MAX_NODES] storage words = _reports[feed];
        int256 last = words[place];
        uint256 number = 1;
        if (last.generationOf() == generation) {
            if (observedAt <= last.observedAt()) revert NotNewer(observedAt, last.observedAt());
            uint256 dueAt = last.submittedAt() + heartbeat;
            if (
                block.timestamp < dueAt &&
                roundId != 0 &&
                !Reports.moved(answer, current, deviationPips) &&
                !Reports.moved(answer, last.answerOf(), deviationPips)
            ) revert NotDue(feed, msg.sender, dueAt);
            number += last.countOf();
        }
        words[place] = Reports.pack(answer, observedAt, number, generation);
        emit AnswerSubmitted(feed, msg.sender, answer, observedAt);
        if (!counts) {
            ++_shadowReports[msg.sender];
            return;
        }

        uint256 count;
        (current, count) = Reports.median(
            words,
            roster,
            block.timestamp - maxAge,
            lowest,
            highest
        );
        if (count < quorum) return;
        f.answer = int128(current);
        f.updatedAt = uint64(block.timestamp);
        f.roundId = uint56(++roundId);
        f.reporters = uint8(count);
        emit AnswerUpdated(feed, current, roundId, uint8(count), uint64(block.timestamp));
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Adds a feed. Role: ORACLE_ADMIN.
    /// @param id Id of the feed, the keccak of its name.
    /// @param config How it accepts reports.
    function addFeed(bytes32 id, FeedConfig calldata config) external restricted {
        if (_feeds[id].quorum != 0) revert FeedExists(id);
        _configure(id, config);
    }

    /// @notice Replaces the configuration of a feed. Role: ORACLE_ADMIN.
    /// @dev The present answer stands; reports outside the new bounds no longer count.
    /// @param id Id of the feed.
    /// @param config How it accepts reports from now on.
    function configureFeed(bytes32 id, FeedConfig calldata config) external restricted {
        if (_feeds[id].quorum == 0) revert UnknownFeed(id);
        _configure(id, config);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @inheritdoc IOracleNetwork
    function latest(
        bytes32 feed
    ) external view returns (int256 answer, uint64 updatedAt, uint64 roundId, uint8 reporters) {
        Feed storage f = _existing(feed);
        return (f.answer, f.updatedAt, f.roundId, f.reporters);
    }

    /// @inheritdoc IOracleNetwork
    function fresh(bytes32 feed) external view returns (int256 answer) {
        Feed storage f = _existing(feed);
        if (_stale(f)) revert StaleFeed(feed, f.updatedAt);
        return f.answer;
    }

    /// @inheritdoc IOracleNetwork
    function isStale(bytes32 feed) external view returns (bool) {
        return _stale(_existing(feed));
    }

    /// @notice The last report of a node on a feed; zeros when there is none.
    /// @param feed Id of the feed.
    /// @param node A node.
    /// @return answer Price, eight decimals.
    /// @return observedAt Unix seconds at which the node saw it.
    function report(
        bytes32 feed,
        address node
    ) external view returns (int256 answer, uint64 observedAt) {
        _existing(feed);
        uint256 place = _place[node];
        if (place == 0) revert NotANode(node);
        return _reportAt(feed, place - 1, _generationOf(place - 1));
    }

    /// @notice The last report of every node on a feed; zeros where there is none.
    /// @param feed Id of the feed.
    /// @return nodes_ The nodes, by place.
    /// @return answers Prices, eight decimals.
    /// @return observedAts Unix seconds at which the nodes saw them.
    function reports(
        bytes32 feed
    )
        external
        view
        returns (address[] memory nodes_, int256[] memory answers, uint64[] memory observedAts)
    {
        _existing(feed);
        uint256 roster = _roster;
        nodes_ = nodes();
        answers = new int256[](nodes_.length);
        observedAts = new uint64[](nodes_.length);
        uint256 found;
        for (uint256 place; found < nodes_.length; ++place) {
            uint8 generation = uint8(roster >> (place << 3));
            if (generation == 0) continue;
            (answers[found], observedAts[found]) = _reportAt(feed, place, generation);
            ++found;
        }
    }

    /// @inheritdoc IOracleNetwork
    function feedConfig(bytes32 feed) external view returns (FeedConfig memory) {
        Feed storage f = _existing(feed);
        return
            FeedConfig({
                minAnswer: f.minAnswer,
                maxAnswer: f.maxAnswer,
                heartbeat: f.heartbeat,
                deviationPips: f.deviationPips,
                maxAge: f.maxAge,
                quorum: f.quorum
            });
    }

    // --- Internal ----------------------------------------------------------------------------

    function _requireAcceptable(
        bytes32 feed,
        int192 answer,
        uint64 observedAt,
        int256 lowest,
        int256 highest,
        uint256 maxAge
    ) private view {
        if (answer < lowest || answer > highest) {
            revert AnswerOutOfBounds(feed, answer, int192(lowest), int192(highest));
        }
        if (observedAt > block.timestamp) revert ObservedInFuture(observedAt, block.timestamp);
        uint256 oldest = block.timestamp - maxAge;
        if (observedAt < oldest) revert ObservationTooOld(observedAt, oldest);
    }

    function _configure(bytes32 id, FeedConfig calldata c) private {
        if (c.minAnswer < -MAX_ANSWER || c.maxAnswer > MAX_ANSWER || c.minAnswer >= c.maxAnswer) {
            revert InvalidAnswerBounds(c.minAnswer, c.maxAnswer);
        }
        if (c.heartbeat < MIN_HEARTBEAT || c.heartbeat > MAX_HEARTBEAT) {
            revert HeartbeatOutOfBounds(c.heartbeat, MIN_HEARTBEAT, MAX_HEARTBEAT);
        }
        if (c.deviationPips < MIN_DEVIATION || c.deviationPips > MAX_DEVIATION) {
            revert DeviationOutOfBounds(c.deviationPips, MIN_DEVIATION, MAX_DEVIATION);
        }
        if (c.maxAge < c.heartbeat || c.maxAge > MAX_MAX_AGE) {
            revert MaxAgeOutOfBounds(c.maxAge, c.heartbeat, MAX_MAX_AGE);
        }
        // Half of the nodes of the day, rounded up: fewer could move the answer by themselves.
        uint8 lowest = uint8((_count(_roster) + 1) / 2);
        if (lowest == 0) lowest = 1;
        if (c.quorum < lowest || c.quorum > MAX_NODES) {
            revert QuorumOutOfBounds(c.quorum, lowest, MAX_NODES);
        }
        Feed storage f = _feeds[id];
        (f.minAnswer, f.maxAnswer) = (int128(c.minAnswer), int128(c.maxAnswer));
        (f.heartbeat, f.deviationPips, f.maxAge) = (c.heartbeat, c.deviationPips, c.maxAge);
        f.quorum = c.quorum;
        emit FeedConfigured(id, c);
    }

    function _reported(
        bytes32 feed,
        address node
    ) internal view override returns (uint256 generation, uint256 count) {
        uint256 place = _place[node] - 1;
        generation = _generationOf(place);
        int256 word = _reports[feed][place];
        count = word.generationOf() == generation ? word.countOf() : 0;
    }

    function _reportAt(
        bytes32 feed,
        uint256 place,
        uint8 generation
    ) private view returns (int256 answer, uint64 observedAt) {
        int256 word = _reports[feed][place];
        if (word.generationOf() != generation) return (0, 0);
        return (word.answerOf(), word.observedAt());
    }

    function _existing(bytes32 feed) private view returns (Feed storage f) {
        f = _feeds[feed];
        if (f.quorum == 0) revert UnknownFeed(feed);
    }

    function _stale(Feed storage f) private view returns (bool) {
        return block.timestamp - f.updatedAt > f.maxAge;
    }
}
