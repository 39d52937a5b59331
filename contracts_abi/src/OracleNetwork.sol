// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {Reports} from "./Reports.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Price feeds and export attestations by a network of nodes
/// @notice Up to 31 nodes report prices (eight decimals, negative ones included) and attest exports.
/// A feed's answer is the median of the fresh reports once a quorum of nodes has one; an export is
/// verified once m nodes attested the same quantity.
/// @dev Gas and opcodes matter: seven nodes submit some 90 times a day each. The roster of nodes is
/// one word (below), a feed is three slots, a report one. A node keeps its place in the roster; when
/// it leaves, the place's generation moves on, so that reports of a former holder no longer count and
/// nothing has to be erased feed by feed.
contract OracleNetwork is Stoppable, IOracleNetwork {
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

    /// @notice Most nodes there can be.
    uint8 public constant MAX_NODES = 31;
    /// @notice No bound of a feed can be further from zero than this, eight decimals.
    int192 public constant MAX_ANSWER = 1e30;
    /// @notice Shortest heartbeat, seconds.
    uint32 public constant MIN_HEARTBEAT = 60;
    /// @notice Longest heartbeat, seconds.
    uint32 public constant MAX_HEARTBEAT = 7 days;
    /// @notice Smallest deviation threshold, pips: 0.01 %.
    uint32 public constant MIN_DEVIATION = 100;
    /// @notice Largest deviation threshold, pips: 20 %.
    uint32 public constant MAX_DEVIATION = 200_000;
    /// @notice Longest time for which a report may count, seconds.
    uint32 public constant MAX_MAX_AGE = 30 days;
    /// @notice Fewest attestations that verify an export: nobody does alone.
    uint8 public constant MIN_ATTESTATION_QUORUM = 2;
    /// @notice Largest quantity of an export, thousandths of the commodity's unit.
    uint256 public constant MAX_QUANTITY = 1e18;

    // --- State -------------------------------------------------------------------------------

    /// @dev Byte i (from the right) is the generation of place i, 0 where nobody holds it; byte 31
    /// counts the nodes.
    uint256 private _roster;
    /// @dev Byte i is the last generation that place i had.
    uint256 private _generations;
    /// @notice Attestations that verify an export.
    uint8 public attestationQuorum;
    mapping(address node => uint256 placePlusOne) private _place;
    address[MAX_NODES] private _nodeAt;
    mapping(bytes32 feed => Feed) private _feeds;
    mapping(bytes32 feed => int256[MAX_NODES] byPlace) private _reports;
    mapping(bytes32 documentHash => mapping(address node => bool)) private _attested;
    mapping(bytes32 documentHash => mapping(uint256 quantity => uint256)) private _attestations;
    mapping(bytes32 documentHash => uint256 quantity) private _verified;

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param attestationQuorum_ Attestations that verify an export.
    constructor(address authority_, uint8 attestationQuorum_) AccessManaged(authority_) {
        _setAttestationQuorum(attestationQuorum_);
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
        Feed storage f = _feeds[feed];
        (uint256 heartbeat, uint256 deviationPips) = (f.heartbeat, f.deviationPips);
        (uint256 maxAge, uint256 quorum) = (f.maxAge, f.quorum);
        (int256 lowest, int256 highest) = (f.minAnswer, f.maxAnswer);
        (int256 current, uint64 roundId) = (f.answer, f.roundId);
        if (quorum == 0) revert UnknownFeed(feed);
        _requireAcceptable(feed, answer, observedAt, lowest, highest, maxAge);

        int256[MAX_NODES] storage words = _reports[feed];
        int256 last = words[place];
        if (last.generationOf() == generation) {
            if (observedAt <= last.observedAt()) revert NotNewer(observedAt, last.observedAt());
            uint256 dueAt = last.submittedAt() + heartbeat;
            if (
                block.timestamp < dueAt &&
                roundId != 0 &&
                !Reports.moved(answer, current, deviationPips) &&
                !Reports.moved(answer, last.answerOf(), deviationPips)
            ) revert NotDue(feed, msg.sender, dueAt);
        }
        words[place] = Reports.pack(answer, observedAt, generation);
        emit AnswerSubmitted(feed, msg.sender, answer, observedAt);

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

    /// @notice Attests that an export of `quantity` took place; nodes only, once for each document.
    /// @dev Only attestations of the same quantity add up. The first quantity to reach the quorum
    /// stands; what comes later is recorded and changes nothing.
    /// @param documentHash Hash of the export document.
    /// @param quantity Thousandths of the commodity's unit.
    function attest(bytes32 documentHash, uint256 quantity) external whenNotPaused {
        if (_place[msg.sender] == 0) revert NotANode(msg.sender);
        if (quantity == 0 || quantity > MAX_QUANTITY) {
            revert QuantityOutOfBounds(quantity, MAX_QUANTITY);
        }
        if (_attested[documentHash][msg.sender]) revert AlreadyAttested(documentHash, msg.sender);
        _attested[documentHash][msg.sender] = true;
        uint256 count = ++_attestations[documentHash][quantity];
        emit ExportAttested(documentHash, msg.sender, quantity, count);
        if (count >= attestationQuorum && _verified[documentHash] == 0) {
            _verified[documentHash] = quantity;
            emit ExportVerified(documentHash, quantity);
        }
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Admits a node. Role: ORACLE_ADMIN.
    /// @param node Address that will report.
    function addNode(address node) external restricted {
        if (node == address(0)) revert ZeroNode();
        if (_place[node] != 0) revert AlreadyANode(node);
        uint256 roster = _roster;
        if (_count(roster) == MAX_NODES) revert TooManyNodes(MAX_NODES);
        uint256 place;
        while (uint8(roster >> (place << 3)) != 0) ++place;
        uint256 shift = place << 3;
        // Generations run 1..255 and start again: a former holder's report could count once more
        // only if its place changed hands 255 times within the feed's maxAge.
        uint256 generation = uint8(_generations >> shift);
        generation = generation == type(uint8).max ? 1 : generation + 1;
        _generations = (_generations & ~(uint256(0xff) << shift)) | (generation << shift);
        roster = (roster | (generation << shift)) + (1 << 248);
        _roster = roster;
        _place[node] = place + 1;
        _nodeAt[place] = node;
        emit NodeAdded(node, _count(roster));
    }

    /// @notice Dismisses a node. Role: ORACLE_ADMIN.
    /// @dev Answers stand until the next report; attestations that the node made keep counting.
    /// @param node A node.
    function removeNode(address node) external restricted {
        uint256 place = _place[node];
        if (place == 0) revert NotANode(node);
        --place;
        uint256 roster = (_roster & ~(uint256(0xff) << (place << 3))) - (1 << 248);
        _roster = roster;
        delete _place[node];
        delete _nodeAt[place];
        emit NodeRemoved(node, _count(roster));
    }

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

    /// @notice Sets how many attestations verify an export. Role: ORACLE_ADMIN.
    /// @param newQuorum In [MIN_ATTESTATION_QUORUM, MAX_NODES].
    function setAttestationQuorum(uint8 newQuorum) external restricted {
        _setAttestationQuorum(newQuorum);
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
        return _reportAt(feed, place - 1, uint8(_roster >> ((place - 1) << 3)));
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

    /// @inheritdoc IOracleNetwork
    function verified(bytes32 documentHash) external view returns (bool ok, uint256 quantity) {
        quantity = _verified[documentHash];
        ok = quantity != 0;
    }

    /// @notice How many nodes attested `quantity` for a document.
    /// @param documentHash Hash of the export document.
    /// @param quantity Thousandths of the commodity's unit.
    function attestations(bytes32 documentHash, uint256 quantity) external view returns (uint256) {
        return _attestations[documentHash][quantity];
    }

    /// @notice Whether `node` attested a document.
    /// @param documentHash Hash of the export document.
    /// @param node Anybody.
    function hasAttested(bytes32 documentHash, address node) external view returns (bool) {
        return _attested[documentHash][node];
    }

    /// @notice Whether `account` is a node.
    /// @param account Anybody.
    function isNode(address account) external view returns (bool) {
        return _place[account] != 0;
    }

    /// @notice The nodes, by place.
    function nodes() public view returns (address[] memory list) {
        uint256 roster = _roster;
        list = new address[](_count(roster));
        uint256 found;
        for (uint256 place; found < list.length; ++place) {
            if (uint8(roster >> (place << 3)) != 0) list[found++] = _nodeAt[place];
        }
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

    function _setAttestationQuorum(uint8 newQuorum) private {
        if (newQuorum < MIN_ATTESTATION_QUORUM || newQuorum > MAX_NODES) {
            revert QuorumOutOfBounds(newQuorum, MIN_ATTESTATION_QUORUM, MAX_NODES);
        }
        uint8 oldQuorum = attestationQuorum;
        attestationQuorum = newQuorum;
        emit AttestationQuorumSet(oldQuorum, newQuorum);
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

    function _count(uint256 roster) private pure returns (uint256) {
        return roster >> 248;
    }
}
