// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Price feeds and export attestations by a network of nodes
/// @notice Up to 31 nodes report prices (eight decimals, negative ones included) and attest exports.
/// A feed's answer is the median of the fresh reports once a quorum of nodes has one; an export is
/// verified once m nodes attested the same quantity.
/// @dev Gas and opcodes matter: seven nodes submit some 90 times a day each. The roster of nodes is
/// one word (below), a feed is three slots, a report one. A node keeps its place in the roster; when
/// it leaves, the place's generation moves on, so that reports of a former holder no longer count and
/// nothing has to be erased feed by feed.
contract OracleNetwork is Stoppable {
    // --- Types -------------------------------------------------------------------------------

    /// @notice How a feed accepts reports.
    /// @param minAnswer Lowest answer taken; may be negative (WTI settled at -37.63 on 2020-04-20).
    /// @param maxAnswer Highest answer taken.
    /// @param heartbeat Seconds after which a node's next report is due in any case.
    /// @param deviationPips Distance from the present answer that makes a report due at once, pips.
    /// @param maxAge Seconds for which a report counts and an answer is fresh.
    /// @param quorum Fresh reports that an answer takes.
    struct FeedConfig {
        int192 minAnswer;
        int192 maxAnswer;
        uint32 heartbeat;
        uint32 deviationPips;
        uint32 maxAge;
        uint8 quorum;
    }

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

    // A report is one word: answer (int128), observedAt (uint56), submittedAt (uint56), 8 bits spare,
    // generation of the place (uint8). The answer stands on top, so that words compare, as signed
    // numbers, as their answers do.
    uint256 private constant ANSWER_SHIFT = 128;
    uint256 private constant OBSERVED_SHIFT = 72;
    uint256 private constant SUBMITTED_SHIFT = 16;

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

    // --- Events ------------------------------------------------------------------------------

    /// @notice `node` was admitted.
    event NodeAdded(address indexed node, uint256 count);
    /// @notice `node` was dismissed; its reports no longer count.
    event NodeRemoved(address indexed node, uint256 count);
    /// @notice A feed was added, or its configuration replaced.
    event FeedConfigured(bytes32 indexed feed, FeedConfig config);
    /// @notice The number of attestations that verify an export was set.
    event AttestationQuorumSet(uint8 oldQuorum, uint8 newQuorum);
    /// @notice `node` reported `answer` as of `observedAt`.
    event AnswerSubmitted(
        bytes32 indexed feed,
        address indexed node,
        int256 answer,
        uint64 observedAt
    );
    /// @notice The median of `reporters` reports became the answer of round `roundId`.
    event AnswerUpdated(
        bytes32 indexed feed,
        int256 answer,
        uint64 indexed roundId,
        uint8 reporters,
        uint64 updatedAt
    );
    /// @notice `node` attested `quantity`, as `count` nodes have by now.
    event ExportAttested(
        bytes32 indexed documentHash,
        address indexed node,
        uint256 quantity,
        uint256 count
    );
    /// @notice `quantity` reached the quorum.
    event ExportVerified(bytes32 indexed documentHash, uint256 quantity);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `caller` is no node.
    error NotANode(address caller);
    /// @notice `node` is one already.
    error AlreadyANode(address node);
    /// @notice The zero address cannot be a node.
    error ZeroNode();
    /// @notice All places are taken.
    error TooManyNodes(uint256 max);
    /// @notice There is no such feed.
    error UnknownFeed(bytes32 feed);
    /// @notice There is such a feed already.
    error FeedExists(bytes32 feed);
    /// @notice The bounds of answers are not in order or exceed MAX_ANSWER.
    error InvalidAnswerBounds(int192 minAnswer, int192 maxAnswer);
    /// @notice `heartbeat` lies outside [`lowest`, `highest`].
    error HeartbeatOutOfBounds(uint32 heartbeat, uint32 lowest, uint32 highest);
    /// @notice `deviationPips` lies outside [`lowest`, `highest`].
    error DeviationOutOfBounds(uint32 deviationPips, uint32 lowest, uint32 highest);
    /// @notice `maxAge` lies outside [`lowest`, `highest`]: the heartbeat and MAX_MAX_AGE.
    error MaxAgeOutOfBounds(uint32 maxAge, uint32 lowest, uint32 highest);
    /// @notice `quorum` lies outside [`lowest`, `highest`].
    error QuorumOutOfBounds(uint8 quorum, uint8 lowest, uint8 highest);
    /// @notice `answer` lies outside the feed's bounds.
    error AnswerOutOfBounds(bytes32 feed, int192 answer, int192 minAnswer, int192 maxAnswer);
    /// @notice `observedAt` lies after the block's time.
    error ObservedInFuture(uint64 observedAt, uint256 timestamp);
    /// @notice `observedAt` lies before `oldest`, what the feed's maxAge allows.
    error ObservationTooOld(uint64 observedAt, uint256 oldest);
    /// @notice `observedAt` is not after `last`, the node's last report.
    error NotNewer(uint64 observedAt, uint64 last);
    /// @notice The answer has not moved far enough, and the heartbeat is due at `dueAt` only.
    error NotDue(bytes32 feed, address node, uint256 dueAt);
    /// @notice The feed has no answer younger than its maxAge.
    error StaleFeed(bytes32 feed, uint64 updatedAt);
    /// @notice `quantity` is zero or above `max`.
    error QuantityOutOfBounds(uint256 quantity, uint256 max);
    /// @notice `node` attested the document before.
    error AlreadyAttested(bytes32 documentHash, address node);

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
        if (uint8(uint256(last)) == generation) {
            uint256 dueAt = _requireNewer(last, observedAt) + heartbeat;
            if (
                block.timestamp < dueAt &&
                roundId != 0 &&
                !_moved(answer, current, deviationPips) &&
                !_moved(answer, last >> ANSWER_SHIFT, deviationPips)
            ) revert NotDue(feed, msg.sender, dueAt);
        }
        words[place] = _pack(answer, observedAt, generation);
        emit AnswerSubmitted(feed, msg.sender, answer, observedAt);

        uint256 count;
        (current, count) = _median(words, roster, block.timestamp - maxAge, lowest, highest);
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

    /// @notice The present answer of a feed, however old; roundId 0 when there is none yet.
    /// @param feed Id of the feed.
    /// @return answer Price, eight decimals.
    /// @return updatedAt Unix seconds at which it was accepted.
    /// @return roundId Counts the updates of the feed.
    /// @return reporters Reports that it is the median of.
    function latest(
        bytes32 feed
    ) external view returns (int256 answer, uint64 updatedAt, uint64 roundId, uint8 reporters) {
        Feed storage f = _existing(feed);
        return (f.answer, f.updatedAt, f.roundId, f.reporters);
    }

    /// @notice The answer of a feed, which must be fresh.
    /// @param feed Id of the feed.
    /// @return answer Price, eight decimals.
    function fresh(bytes32 feed) external view returns (int256 answer) {
        Feed storage f = _existing(feed);
        if (_stale(f)) revert StaleFeed(feed, f.updatedAt);
        return f.answer;
    }

    /// @notice Whether a feed has no answer younger than its maxAge.
    /// @param feed Id of the feed.
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

    /// @notice How a feed accepts reports.
    /// @param feed Id of the feed.
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

    /// @notice The quantity of an export that was verified, if one was.
    /// @param documentHash Hash of the export document.
    /// @return ok Whether one was.
    /// @return quantity Thousandths of the commodity's unit.
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

    /// @dev Returns when the node submitted its last report.
    function _requireNewer(int256 last, uint64 observedAt) private pure returns (uint256) {
        uint64 lastObservedAt = _observedAt(last);
        if (observedAt <= lastObservedAt) revert NotNewer(observedAt, lastObservedAt);
        return uint56(uint256(last) >> SUBMITTED_SHIFT);
    }

    /// @dev Whether `answer` lies at least `deviationPips` from `current`. No overflow: both are at
    /// most 2e30 from zero.
    function _moved(
        int256 answer,
        int256 current,
        uint256 deviationPips
    ) private pure returns (bool) {
        unchecked {
            uint256 distance = _abs(answer - current);
            return distance != 0 && distance * 1e6 >= _abs(current) * deviationPips;
        }
    }

    /// @dev Element n/2 of the n reports that are fresh and within bounds, in ascending order, by
    /// insertion sort: the quickest at this size. Assembly, since this loop is most of what the
    /// network's chain executes. A place that nobody holds has generation 0 and, if it never had a
    /// report, an all-zero word, which is never fresh. Scratch memory begins at the free pointer.
    function _median(
        int256[MAX_NODES] storage words,
        uint256 roster,
        uint256 oldest,
        int256 lowest,
        int256 highest
    ) private view returns (int256 median, uint256 count) {
        lowest <<= ANSWER_SHIFT;
        highest = (highest << ANSWER_SHIFT) | int256(uint256(type(uint128).max));
        assembly ("memory-safe") {
            let start := mload(0x40)
            let end := start
            let slot := words.slot
            // Byte by byte from the right; the count in the leftmost byte is no generation.
            for { let rest := shr(8, shl(8, roster)) } rest {
                rest := shr(8, rest)
                slot := add(slot, 1)
            } {
                let word := sload(slot)
                if and(xor(word, rest), 0xff) { continue }
                if lt(and(shr(OBSERVED_SHIFT, word), 0xffffffffffffff), oldest) { continue }
                if or(slt(word, lowest), sgt(word, highest)) { continue }
                let at := end
                for {} gt(at, start) {} {
                    let below := mload(sub(at, 0x20))
                    if iszero(sgt(below, word)) { break }
                    mstore(at, below)
                    at := sub(at, 0x20)
                }
                mstore(at, word)
                end := add(end, 0x20)
            }
            count := shr(5, sub(end, start))
            // Without any report this reads past the end; the caller looks at the count first.
            median := sar(ANSWER_SHIFT, mload(add(start, shl(5, shr(1, count)))))
        }
    }

    function _pack(
        int256 answer,
        uint64 observedAt,
        uint8 generation
    ) private view returns (int256) {
        uint256 times = (uint256(observedAt) << OBSERVED_SHIFT) |
            (block.timestamp << SUBMITTED_SHIFT);
        return (answer << ANSWER_SHIFT) | int256(times | generation);
    }

    function _observedAt(int256 word) private pure returns (uint64) {
        return uint56(uint256(word) >> OBSERVED_SHIFT);
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
        if (uint8(uint256(word)) != generation) return (0, 0);
        return (word >> ANSWER_SHIFT, _observedAt(word));
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

    function _abs(int256 value) private pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }
}
